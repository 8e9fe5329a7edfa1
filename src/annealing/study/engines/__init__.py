"""What executes runs: worker processes, stacks of settings in them, other machines."""

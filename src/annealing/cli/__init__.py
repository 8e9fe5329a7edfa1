"""The command `anneal`. Each verb is one file, reads words, calls one function of the library, and prints what comes back."""

"""The ground floor: schedules, plans, recipes and their language. NumPy only."""

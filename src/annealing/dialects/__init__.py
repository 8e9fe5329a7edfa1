"""Other libraries' schedules under their own names, as plans."""

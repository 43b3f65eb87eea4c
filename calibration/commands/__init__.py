"""The verbs that calibrate."""

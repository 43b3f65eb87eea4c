"""What people read of measurements: text, tables and pictures."""

"""What people read about calibrations."""

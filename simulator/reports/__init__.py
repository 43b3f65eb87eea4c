"""What people and programs read about predictions and platforms."""

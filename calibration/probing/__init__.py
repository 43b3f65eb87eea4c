"""What measurements show of a device without any model of it."""

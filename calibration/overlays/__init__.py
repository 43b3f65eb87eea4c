"""From records to a calibrated platform, and the overlay file that states it."""

"""Which measurements a calibration takes next."""

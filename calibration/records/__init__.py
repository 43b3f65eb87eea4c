"""Measurements as a calibration reads them, wherever they come from."""

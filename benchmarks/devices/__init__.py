"""Predictions against published measurements of devices."""

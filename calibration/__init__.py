"""Fits hardware models to measurements: the one place that sees both."""

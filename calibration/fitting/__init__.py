"""Fitting the numbers of a platform to measured latencies."""

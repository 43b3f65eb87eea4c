"""Predictions held against measurements: what diverges, why, and what would settle it."""

"""Predictions, and what can be built, against the compilers that run on this machine."""

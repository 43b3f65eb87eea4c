"""Graphs written as the model files that devices run."""

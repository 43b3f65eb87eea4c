"""Readers of model files: a file is parsed into a graph, and nothing in it is executed."""

"""Graphs written as TensorFlow and Keras models."""

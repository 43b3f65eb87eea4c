"""Measurements on the runtimes of this machine, and predictions against them."""

"""Measurements as pictures, and the one style of all figures. matplotlib is imported when something is drawn."""

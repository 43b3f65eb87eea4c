"""Readers of what other tools print or write about the time that a network takes."""

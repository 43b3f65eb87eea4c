"""The study of the paper on any platform."""

"""One self-contained page on a prediction, and its timeline for other viewers."""

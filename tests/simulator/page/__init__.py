"""The page on a prediction, and its timeline."""

"""What if: predictions on hardware that does not exist, at a point, over many, and towards a goal, from models alone."""

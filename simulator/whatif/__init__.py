"""What if: predictions on hardware that does not exist, at one point, over many, and towards a goal."""

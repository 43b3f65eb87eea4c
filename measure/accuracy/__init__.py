"""How accurate a model file is, and how often it agrees with another."""

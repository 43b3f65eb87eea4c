"""The ways in which a board is reached: files put there, and commands run there."""

"""How well files and modules of other libraries are read."""

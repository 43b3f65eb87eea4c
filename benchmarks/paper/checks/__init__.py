"""The checks of the paper's claims, a module to each part of the paper."""

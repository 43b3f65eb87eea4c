"""Kernel models of fixed convolution engines and of the vector units beside them."""

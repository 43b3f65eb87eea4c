"""Kernel models of Hexagon NN, which works on tensors in blocks of 4 pixels by 32 channels (Depth32)."""

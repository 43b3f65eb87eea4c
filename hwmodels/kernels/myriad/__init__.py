"""Kernel models of convolutions on the neural compute engine of the Myriad X."""

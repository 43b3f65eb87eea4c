"""Kernel models of Arm's Ethos-U as its compiler, Vela, estimates them."""

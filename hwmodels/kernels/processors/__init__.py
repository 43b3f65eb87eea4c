"""Kernel models of code that runs on a programmable processor, whichever library it comes from."""

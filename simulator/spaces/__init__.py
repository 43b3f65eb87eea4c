"""Spaces of networks: positions with choices, and the latencies of all their networks from arrays."""

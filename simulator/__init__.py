"""Predicts the latency of networks on platforms."""

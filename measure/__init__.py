"""Takes latencies, energy and accuracy from real devices."""

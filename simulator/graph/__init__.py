"""Networks as immutable graphs: the only place where shapes are inferred and verified."""

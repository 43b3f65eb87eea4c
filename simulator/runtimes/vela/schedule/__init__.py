"""Vela's decisions for a whole network: stripes, cascades, copies of weights, and maps that stay in the fast memory."""

"""From kernels to a prediction: costs, residual, interval."""

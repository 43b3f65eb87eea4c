"""The store of measurements, and what is read out of it."""

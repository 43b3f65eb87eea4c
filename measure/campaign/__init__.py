"""Working through a plan of measurements: sessions, visits, and the worker process that makes them."""

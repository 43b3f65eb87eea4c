"""Published measurements and generated models, read into what the benchmarks compare."""

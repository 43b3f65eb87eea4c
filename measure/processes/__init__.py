"""Other programs that measuring runs: tools, and interpreters of Python."""

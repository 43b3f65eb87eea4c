"""What only one compiler or runtime does to a network. Each module registers its rules with ``mapping``."""

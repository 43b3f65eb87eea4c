"""Energy of one inference, from a power trace."""

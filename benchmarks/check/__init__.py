"""How often a check names the right cause, on faults that were planted."""

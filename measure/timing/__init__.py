"""How one model is timed on a machine: protocol, conditions, record. This part also runs on boards."""

"""Moving a calibrated platform to a sibling device."""

"""How good a calibration is: scores, intervals, verdict."""

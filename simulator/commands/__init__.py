"""The verbs that predict: predict, compare and platforms show."""

"""How long reading and predicting take."""

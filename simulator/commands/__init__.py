"""The verbs that predict."""

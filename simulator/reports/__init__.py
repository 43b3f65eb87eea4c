"""Reports on predictions and platforms: text for people, JSON records and CSV rows for programs."""

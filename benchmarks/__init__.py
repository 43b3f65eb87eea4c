"""What Stairline's claims rest on: scripts that print how close predictions are, how stable, and how fast."""

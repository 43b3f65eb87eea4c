"""Measuring on a board: what runs there, and how it is driven from here."""

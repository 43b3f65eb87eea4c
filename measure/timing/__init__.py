"""Timing one model on a machine. This folder also runs on boards: it needs Python 3.9, numpy and no other room."""

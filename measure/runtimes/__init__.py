"""The runtimes that models are measured on; a module is imported when its backend is used."""

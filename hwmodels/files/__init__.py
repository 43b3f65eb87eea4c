"""Platform files as text: found, read, upgraded from an earlier schema, and written."""

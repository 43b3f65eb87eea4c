"""Model files of strangers, read into graphs. A file is only parsed: nothing in it is executed."""

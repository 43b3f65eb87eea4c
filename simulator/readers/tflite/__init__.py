"""The reader of TFLite files."""

"""The reader of ncnn's text files of networks."""

"""The reader of PyTorch programs, as ``torch.export`` saves them; a file is read without PyTorch."""

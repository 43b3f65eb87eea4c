"""The paper's experiments on any platform: what it measured, predicted, and which of its findings hold there."""

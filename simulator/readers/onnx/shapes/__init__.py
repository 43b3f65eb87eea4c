"""The shapes of ONNX tensors, computed in this process where they follow plainly from the operands."""

"""Files of TensorFlow and Keras."""

"""Keras, on its PyTorch backend, as an engine."""

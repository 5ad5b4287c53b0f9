"""Frameworks that make trials of a training, and the protocol that they answer."""

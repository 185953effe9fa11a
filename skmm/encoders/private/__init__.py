"""Encoders that learn nothing from the rows before the training."""

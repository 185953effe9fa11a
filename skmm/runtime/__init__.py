"""Exported models, run by numpy and onnxruntime alone."""

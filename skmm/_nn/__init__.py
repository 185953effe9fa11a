"""Layers and tools of torch that encoders, fusions and training share."""

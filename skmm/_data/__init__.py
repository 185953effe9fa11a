"""Containers of data: frames, blocks, series, graphs."""

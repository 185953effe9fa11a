"""Encoders of pictures and clips."""

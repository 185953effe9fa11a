"""Encoders of nodes of a knowledge graph."""

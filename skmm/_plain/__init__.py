"""What cells and texts say, by the standard library and NumPy alone."""

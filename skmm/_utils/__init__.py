"""What is of no modality: scikit-learn's private names, optional imports, registry."""

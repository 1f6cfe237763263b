"""Data sets by name or path, their preprocessing and their delivery to training."""

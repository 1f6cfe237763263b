"""What comes in: data sets by name or path, their preprocessing and their way to training."""

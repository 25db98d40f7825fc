"""Training: the pixel model first, then the language on top."""

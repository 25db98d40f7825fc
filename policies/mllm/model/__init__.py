"""The model: one file per part, and the whole in `scout.py`."""

"""A run as people look at it: pictures, events, places and plots, read only, for every door."""

"""Keeps the tables in docs/ true: they are made from the models, and a test compares them."""

"""Teaches the judge a new target from a few labelled frames: a small adapter, and a memory."""

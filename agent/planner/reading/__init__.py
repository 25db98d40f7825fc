"""The deterministic reading of words: quantities, wells, positions, plates and grids.

Text in, typed values out, each with the characters of the original text that it came from. No
model, no network, no guess: what can be read in two ways says so.
"""

"""Benchmarks: seeded, repeated, as ratios within one run; they print what they ran on."""

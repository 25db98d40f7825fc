"""Figures of merit: how good a judge is, on data it was not trained on."""

"""Judges made of general vision-language models: on this machine (`hf`) or behind a chat API."""

"""What to look at and what to do next: judges, verdicts, actions and decision policies."""

"""YAML that ships with the program: microscopes, experiments and simulator scenarios."""

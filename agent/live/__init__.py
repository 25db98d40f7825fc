"""Live: what people may command while a run goes on, and what it asks of them."""

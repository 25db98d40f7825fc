"""The HTTP door of the service: who may ask, and how it is answered."""

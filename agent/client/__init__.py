"""The terminal's side of the HTTP door: finds the service, asks it, shows what it answers."""

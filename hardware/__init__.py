"""The only door to the instrument: microscope facade, gate, engine, storage, clock."""

"""A microscope that is not there: specimen, optics, devices, faults, and recorded images."""

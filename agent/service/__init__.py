"""The service on the microscope's computer: queue, runner, and the one set of doors' methods."""

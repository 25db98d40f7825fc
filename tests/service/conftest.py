from service_kit import finished_run, standin

__all__ = ["finished_run", "standin"]

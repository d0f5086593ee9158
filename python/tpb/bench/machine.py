"""The machine that is measured on."""

import os


def load_per_processor() -> float | None:
    """How busy it was over the last minute; None where the system does not tell."""
    if not hasattr(os, "getloadavg"):
        return None
    return os.getloadavg()[0] / (os.cpu_count() or 1)

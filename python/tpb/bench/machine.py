"""The machine that is measured on."""

import os

_QUIET_LOAD = 0.3


def load_per_processor() -> float | None:
    """How busy it was over the last minute; None where the system does not tell."""
    if not hasattr(os, "getloadavg"):
        return None
    return os.getloadavg()[0] / (os.cpu_count() or 1)


def is_disturbed(load: float | None) -> bool:
    """Others keep it busy: times are too long then."""
    return (load or 0.0) > _QUIET_LOAD

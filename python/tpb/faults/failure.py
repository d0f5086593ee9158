"""Why a run failed."""


class RunFailed(Exception):
    """The text is the diagnosis."""

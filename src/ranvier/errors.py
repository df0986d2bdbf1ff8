"""The one exception type for what a user did or gave; the command line prints its text without a traceback."""


class RanvierError(Exception):
    """Something the user gave cannot be used. The text says what was given, what was expected and what to type."""


class BadFileError(RanvierError):
    """A file that cannot be read as what its name or place promises."""

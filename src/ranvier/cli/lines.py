"""Warnings as lines for a user. Apart from `common`, whose data readers take a second to load, so that every verb can have it."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import typer


def warn(text: str) -> None:
    """One warning line on standard error."""
    typer.secho("warning: ", fg="yellow", bold=True, nl=False, err=True)
    typer.echo(text, err=True)


@contextmanager
def warnings_as_lines() -> Iterator[None]:
    """Python warnings become lines for a user, without file names and line numbers; each text once."""
    seen: set[str] = set()

    def show(message: Warning | str, *_: object) -> None:
        text = str(message)
        if text not in seen:
            seen.add(text)
            warn(text)

    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = show
        yield

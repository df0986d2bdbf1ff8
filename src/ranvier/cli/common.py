"""What several verbs share: threads, opening a run's samples."""

import sys

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from ranvier.cli.lines import warn
from ranvier.data.open import open_samples
from ranvier.data.samples import Samples
from ranvier.errors import RanvierError
from ranvier.training.runs import RunFolder, Source

NAMED = 20  # skipped files that are named one by one
console = Console(stderr=True, highlight=False)


def set_threads(threads: int | None) -> None:
    """Number of processor cores to use; torch's choice if None."""
    if threads is not None:
        if threads < 1:
            raise RanvierError(f"--threads {threads}: must be at least 1.")
        torch.set_num_threads(threads)


def load(source: Source, rate: int | None = None) -> Samples:
    """Opens the samples of a source, with a progress bar while files are read, and names what was skipped."""
    with progress_bar("reading") as progress:
        task = progress.add_task("reading", total=None, visible=False)

        def show(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total, visible=total > 50)

        samples = open_samples(source.source, source.data, source.strict, rate, show)
    for name, reason in samples.skipped[:NAMED]:
        warn(f"skipped {name}: {reason}")
    if len(samples.skipped) > NAMED:
        warn(f"skipped {len(samples.skipped) - NAMED} more")
    return samples


def load_again(run: RunFolder) -> Samples:
    """The samples that a run was begun with. Raises `RanvierError` where they are others now."""
    samples = load(run.source, run.recipe.rate)
    check_fit(samples, run)
    if samples.classes != run.recipe.classes:
        raise RanvierError(
            f"{run.path}: was begun with the classes {', '.join(run.recipe.classes)}; the data now have "
            f"{', '.join(samples.classes)}. Train anew."
        )
    return samples


def check_fit(samples: Samples, run: RunFolder) -> None:
    """Refuses samples that a run's model cannot take."""
    recipe = run.recipe
    if samples.kind != recipe.kind:
        raise RanvierError(
            f"{samples.name}: holds {samples.kind}s, the {run.noun} was trained on {recipe.kind}s. Give {recipe.kind}s."
        )
    if not isinstance(samples.x, list) and tuple(samples.x.shape[1:]) != recipe.shape:
        raise RanvierError(
            f"{samples.name}: images of shape {tuple(samples.x.shape[1:])} (channels, height, width), the {run.noun} takes {recipe.shape}. "
            "Bring them to that size and colour."
        )


def progress_bar(what: str) -> Progress:
    """A bar on standard error that disappears when it is done; nothing where standard error is no terminal."""
    columns = (
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
        TimeRemainingColumn(),
    )
    both = sys.stdout.isatty()  # otherwise what is printed would go to the terminal, not where the user sent it
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal, redirect_stdout=both)

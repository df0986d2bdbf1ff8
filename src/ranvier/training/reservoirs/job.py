"""Fitting a reservoir: from labelled samples to its run folder and its report."""

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ranvier.data.floor import linear_floor
from ranvier.data.samples import Samples
from ranvier.data.splits import Split
from ranvier.errors import RanvierError
from ranvier.plotting.report import write_report
from ranvier.reservoirs import LiquidTimeConstant, Reservoir, save
from ranvier.training.inputs import prepare
from ranvier.training.outcome import Outcome
from ranvier.training.reservoirs.fitted import Fitted
from ranvier.training.reservoirs.sequences import sequences
from ranvier.training.runs import REPORT, RESERVOIR, RunFolder
from ranvier.training.summary import final_figures


@dataclass(frozen=True, eq=False)
class Job:
    """What a run is made of. reservoir: not yet fitted."""

    run: RunFolder
    samples: Samples
    parts: Split
    reservoir: Reservoir


def train(job: Job, say: Callable[[str], None]) -> dict[str, Any]:
    """Fits the reservoir, measures it on the test samples and writes the run folder; returns the final figures.

    Raises `RanvierError` where the fit cannot be done.
    """
    run, recipe, parts, y = job.run, job.run.recipe, job.parts, job.samples.y
    model: Any = job.reservoir
    inputs = prepare(job.samples, recipe)
    features = inputs.flat()
    floor = linear_floor(features[parts.train], y[parts.train], features[parts.test], y[parts.test])
    say(f"linear floor (ridge on the same features): {100 * floor:.1f} % of the test samples")
    say(f"fitting {type(model).__name__} on {len(parts.train)} samples into {run.path}")
    began, told = time.perf_counter(), list[str]()
    try:
        with _heard(told):
            model.fit(sequences(inputs, parts.train), y[parts.train])
    except ValueError as error:  # what only the fit can know, such as a loss that is not finite
        raise RanvierError(f"the fit stopped: {error}") from error
    seconds = time.perf_counter() - began
    save(model, run.path / RESERVOIR)
    fitted = Fitted(model, recipe)
    measured = fitted.measure(inputs, parts.test)
    figures = {"model": run.model, **final_figures(measured, y[parts.test], floor, seconds), "warnings": told}
    run.save_metrics(_history(model), figures)
    write_report(fitted.report(Outcome(run, job.samples, inputs, parts, measured, run.metrics())), run.path / REPORT)
    return figures


@contextmanager
def _heard(texts: list[str]) -> Iterator[None]:
    """Adds what is warned of to `texts`, each once, and passes it on."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always", UserWarning)
        yield
    for heard in found:
        if issubclass(heard.category, UserWarning) and str(heard.message) not in texts:
            texts.append(str(heard.message))
        warnings.warn_explicit(heard.message, heard.category, heard.filename, heard.lineno)


def _history(model: Any) -> list[dict[str, Any]]:
    """A row an epoch, of what learns in epochs."""
    losses = model.losses_ if isinstance(model, LiquidTimeConstant) else []
    return [{"epoch": k, "loss": loss, "rates": {}} for k, loss in enumerate(losses, 1)]

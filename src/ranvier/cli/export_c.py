"""What `ranvier export --to c` does."""

import json
from pathlib import Path
from typing import Any

import torch
import typer

from ranvier.cli.common import load_again
from ranvier.data.splits import split
from ranvier.errors import RanvierError
from ranvier.hardware import FixedPoint, export_c, quantise
from ranvier.training import scoring
from ranvier.training.inputs import prepare
from ranvier.training.runs import RunFolder

SAMPLES = 32  # training samples that the ranges of a fixed-point network are measured on


def write_c(
    run: Path,
    out: Path,
    *,
    arithmetic: str = "float32",
    bits: int | None = None,
    force: bool = False,
    as_json: bool = False,
) -> None:
    """Writes a run's network as one C file, and prints sizes and assumptions.

    arithmetic: "float32", "float64" or "fixed". bits: of the weights; None keeps them in floating point, or takes 8 in "fixed". A
    fixed-point network is measured on training samples, so the run's data must still be where they were.
    """
    if out.exists() and not force:
        raise RanvierError(f"{out}: exists already, and is not written over. Give another name, or --force.")
    folder = RunFolder.open(run)
    net = folder.network()
    told: dict[str, Any] = {}
    try:
        source = net if bits is None and arithmetic != "fixed" else quantise(net, 8 if bits is None else bits)
        if arithmetic == "fixed":
            samples = load_again(folder)
            parts = split(samples, folder.source.split, folder.recipe.seed)
            x = prepare(samples, folder.recipe).batch(torch.from_numpy(parts.train[:SAMPLES]), None)
            source = FixedPoint(source, x)
            before, after = (scoring.decision(folder.recipe, y.detach()) for y in (net(x), source(x)))
            same = (before == after).double().mean()
            told = {"samples": x.shape[1], "same_decision": float(same)}
        made = export_c(source, out, arithmetic=arithmetic, shape=folder.recipe.shape, force=force)
    except (TypeError, ValueError) as error:
        raise RanvierError(str(error)) from error
    if as_json:
        typer.echo(json.dumps({**made.as_dict(), **told}, indent=2))
        return
    typer.echo(str(made))
    if told:
        typer.echo(
            f"decides as the trained network on {100 * told['same_decision']:.0f} % of {told['samples']} training samples"
        )

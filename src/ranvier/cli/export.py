"""`ranvier export`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ranvier.cli.export_c import write_c
from ranvier.cli.lines import warnings_as_lines
from ranvier.errors import RanvierError
from ranvier.files import refuse_to_replace
from ranvier.interchange.nir_write import save_nir
from ranvier.training.runs import RunFolder

FORMATS = ("nir", "c")

app = typer.Typer(add_completion=False)


@app.command(epilog="Example:  ranvier export runs/mnist-... --to nir net.nir")
def export(
    run: Annotated[Path, typer.Argument(help="Run folder of a trained network.")],
    out: Annotated[Path, typer.Argument(help="File to write, such as net.nir or net.c.")],
    to: Annotated[str | None, typer.Option(help=f"Format: {', '.join(FORMATS)}. By default what OUT ends in.")] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="nir: refuse what its primitives do not say, such as reset by subtraction.")
    ] = False,
    arithmetic: Annotated[str, typer.Option(help="c: float32, float64 or fixed.")] = "float32",
    bits: Annotated[int | None, typer.Option(help="c: bits of the weights.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Write a trained network as a file that other tools and chips read.

    nir: neurons, weights and how they are joined; how an input becomes spikes stays in the run folder. What a reader other than Ranvier
    cannot know from the file is printed as a warning. c: one file of C99 that runs the network.
    """
    kind = out.suffix.removeprefix(".") if to is None else to
    if kind not in FORMATS:
        raise RanvierError(f"--to {kind or 'nothing'}: no such format. Choose one of {', '.join(FORMATS)}.")
    if kind == "c":
        write_c(run, out, arithmetic=arithmetic, bits=bits, force=force, as_json=as_json)
        return
    refuse_to_replace(out, force)
    folder = RunFolder.open(run)
    with warnings_as_lines():
        untold = save_nir(folder.network(), out, shape=folder.recipe.shape, strict=strict, force=force)
    size = out.stat().st_size
    typer.echo(
        json.dumps({"file": str(out), "format": kind, "bytes": size, "untold": list(untold)}, indent=2)
        if as_json
        else f"{out}: {size} bytes. Look at it with `ranvier import {out}`."
    )

"""`ranvier energy`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ranvier.cli.common import console, load_again, set_threads
from ranvier.cli.lines import warnings_as_lines
from ranvier.data.splits import split
from ranvier.energy import TECHNOLOGIES, Technology
from ranvier.errors import RanvierError
from ranvier.training.inputs import prepare
from ranvier.training.runs import RunFolder
from ranvier.training.summary import energy as priced
from ranvier.training.trained import open_trained

app = typer.Typer(add_completion=False)


@app.command(
    "energy",
    epilog="Examples:\n\nranvier energy runs/spoken-digits-...\n\n"
    "ranvier energy runs/digits-... --technology jouppi7 --memory DRAM --bits 4 --json",
)
def command(
    run: Annotated[Path, typer.Argument(help="Run folder of a trained network or reservoir.")],
    technology: Annotated[
        str, typer.Option(help=f"Whose prices: one of {', '.join(TECHNOLOGIES)} (45 nm, 7 nm).")
    ] = "horowitz45",
    memory: Annotated[
        str, typer.Option(help='Where the weights lie: "8 kB", "32 kB", "1 MB", "DRAM"; jouppi7 also "HBM2".')
    ] = "8 kB",
    bits: Annotated[
        int | None, typer.Option(help="Of the quantised comparison: 1 to 16, or 32; 8 if not given.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    threads: Annotated[int | None, typer.Option(help="Processor cores to use.")] = None,
) -> None:
    """Estimate the energy of a test sample, beside the same network without spikes; NeuroBench's metrics. The data must still be where they were.

    A model of published prices, nothing is measured. Operations alone favour spikes; with the weight reads counted the verdict may flip, so both
    are shown, with the firing rate at which the two networks cost the same.
    """
    set_threads(threads)
    prices = _technology(technology, memory)
    with warnings_as_lines():
        folder = RunFolder.open(run)
        trained, recipe = open_trained(folder), folder.recipe
        samples = load_again(folder)
        test = split(samples, folder.source.split, recipe.seed).test
        with console.status("counting", spinner="dots"):
            inputs = prepare(samples, recipe)
            measured = trained.measure(inputs, test)
            bench = trained.neurobench(inputs, test)
    try:
        width = trained.bits if bits is None else bits
        found = priced(measured, measured.accuracy(samples.y[test]), technology=prices, bits=width)
    except ValueError as error:
        raise RanvierError(f"--bits {bits}: {error}") from error
    assert found is not None
    if as_json:
        told = {"neurobench": None if bench is None else bench.as_dict()}
        typer.echo(json.dumps(found.as_dict() | told, indent=2))
        return
    typer.echo(str(found))
    if bench is not None:
        typer.echo(f"\nNeuroBench's metrics, by its definitions, of a batch of test samples:\n{bench}")


def _technology(name: str, memory: str) -> Technology:
    if name not in TECHNOLOGIES:
        raise RanvierError(f"--technology {name}: no such technology. Choose one of {', '.join(TECHNOLOGIES)}.")
    try:
        return TECHNOLOGIES[name](weights=memory)
    except ValueError as error:
        raise RanvierError(f"--memory {memory}: {error}") from error

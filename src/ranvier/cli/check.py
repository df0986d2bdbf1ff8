"""`ranvier check`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ranvier.errors import RanvierError
from ranvier.hardware import CHIPS, check, quantise, unchecked
from ranvier.training.runs import RunFolder

app = typer.Typer(add_completion=False)


@app.command(
    "check",
    epilog="Examples:\n\nranvier check runs/spoken-digits-... --chip loihi\n\n"
    "ranvier check runs/digits-... --chip akida --bits 4 --json    (as if the weights were rounded to 4 bit)",
)
def command(
    run: Annotated[Path, typer.Argument(help="Run folder of a trained network.")],
    chip: Annotated[str, typer.Option(help=f"One of {', '.join(CHIPS)}.")],
    bits: Annotated[int | None, typer.Option(help="Round the weights to so many bits first: 2, 4 or 8.")] = None,
    per: Annotated[str, typer.Option(help="One scale a channel or a layer, with --bits.")] = "channel",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List what a trained network has that a chip has not, by its published limits. Status 1 if there is anything.

    What is listed must be changed; that nothing is listed does not promise that the chip's own tools accept the network.
    """
    folder = RunFolder.open(run)
    net = folder.network()
    try:
        net = net if bits is None else quantise(net, bits, per)
        found = check(net, chip, folder.recipe.shape)
        taken = unchecked(chip)
    except ValueError as error:
        raise RanvierError(str(error)) from error
    if as_json:
        typer.echo(json.dumps({"chip": chip, "violations": [asdict(v) for v in found], "unchecked": taken}, indent=2))
    else:
        for violation in found:
            typer.echo(str(violation))
        typer.echo(f"{len(found)} violation{'s' * (len(found) != 1)} of {CHIPS[chip].title}'s limits")
        typer.echo("not checked: " + "; ".join(taken))
    if found:
        raise typer.Exit(1)

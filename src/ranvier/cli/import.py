"""`ranvier import`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ranvier.cli.lines import warnings_as_lines
from ranvier.errors import RanvierError
from ranvier.files import refuse_to_replace
from ranvier.interchange.conventions import CONVENTIONS
from ranvier.interchange.network import Network
from ranvier.interchange.nir_read import load_nir
from ranvier.interchange.nir_write import save_nir

app = typer.Typer(add_completion=False)


@app.command(
    name="import", epilog="Example:  ranvier import net.nir --dt 0.0001 --convention snntorch --out mended.nir"
)
def import_file(
    file: Annotated[Path, typer.Argument(help="NIR file.")],
    out: Annotated[
        Path | None,
        typer.Option(help="Also write the network to this file, in today's schema, with its conventions noted."),
    ] = None,
    dt: Annotated[float | None, typer.Option(help="Time step [s]; by default as the file tells, else 0.001.")] = None,
    convention: Annotated[
        str | None,
        typer.Option(help=f"What a step does, by platform: {', '.join(CONVENTIONS)}. By default as the file tells."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show the network in a NIR file: its nodes, the layers they become, and what was read otherwise than it stands.

    A file that does not map is refused with the node's name and type. With --out, old or faulty files become files that other tools read.
    In Python, `ranvier.interchange.load_nir` gives the network itself.
    """
    if convention is not None and convention not in CONVENTIONS:
        raise RanvierError(f"--convention {convention}: unknown. Choose one of {', '.join(CONVENTIONS)}.")
    if out is not None:
        refuse_to_replace(out, force)
    with warnings_as_lines():
        try:
            net = load_nir(file, dt=dt, convention=None if convention is None else CONVENTIONS[convention])
        except ValueError as error:
            raise RanvierError(str(error)) from error
        if out is not None:
            save_nir(net, out, force=force)
    typer.echo(json.dumps(_facts(net, out), indent=2) if as_json else _lines(net, out))


def _facts(net: Network, out: Path | None) -> dict[str, object]:
    layers = [
        {"nodes": list(names), "layer": " ".join(str(layer).split())}
        for names, layer in zip(net.names, net.layers, strict=True)
    ]
    parameters = sum(p.numel() for p in net.parameters())
    facts = {"input": list(net.shape), "dt": net.dt, "layers": layers, "weights": parameters, "notes": list(net.notes)}
    return facts if out is None else {**facts, "written": str(out)}


def _lines(net: Network, out: Path | None) -> str:
    nodes = [", ".join(names) for names in net.names]
    width = max(len(text) for text in nodes)
    lines = [f"input {tuple(net.shape)}, dt {net.dt:g} s, {sum(p.numel() for p in net.parameters())} weights"]
    lines += [
        f"  {text.ljust(width)}  {' '.join(str(layer).split())}" for text, layer in zip(nodes, net.layers, strict=True)
    ]
    lines += [f"note: {note}" for note in net.notes]
    return "\n".join(lines if out is None else [*lines, f"written: {out}"])

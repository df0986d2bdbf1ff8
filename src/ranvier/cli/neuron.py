"""`ranvier neuron`."""

from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from ranvier.cli.lines import warnings_as_lines
from ranvier.files import refuse_to_replace

app = typer.Typer(add_completion=False)


@app.command(
    epilog="Examples:\n\n"
    "ranvier neuron Izhikevich --pattern chattering --current 10 --plot chattering.png\n\n"
    "ranvier neuron ./my_model.py:MyNeuron --set tau_mem=30ms --time 1s --json",
)
def neuron(
    model: Annotated[
        str,
        typer.Argument(help="Name of a model, FILE.py:CLASS for one of your own, or `list` for a table of all models."),
    ],
    pattern: Annotated[
        str | None, typer.Option(help="A named firing pattern of Izhikevich, such as chattering.")
    ] = None,
    current: Annotated[
        str | None,
        typer.Option(
            help="Constant input, such as 0.6nA or 10uA/cm^2; a bare number is in SI. By default the pattern's own, or 3 rheobases."
        ),
    ] = None,
    time: Annotated[str | None, typer.Option(help="How long to run it, such as 0.5 or 500ms. Default 0.5 s.")] = None,
    dt: Annotated[str | None, typer.Option(help="Time step, such as 0.1ms; the model's own by default.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A parameter, such as tau_mem=20ms; may be repeated.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Draw trace, f-I curve and phase plane into this file (.png, .pdf, .svg).")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over a drawing that is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Look at a neuron model: what one step does, its spikes and rate under a current, its rheobase and fixed points."""
    # Torch, SymPy and Numba take two seconds to load, which neither `--help` nor a mistyped option should wait for.
    facts = import_module("ranvier.cli.neuron_facts")
    if plot is not None:
        refuse_to_replace(plot, force)
    with warnings_as_lines():
        if model == "list":
            facts.print_models(as_json)
        else:
            facts.print_portrait(model, pattern, current, time, dt, set_ or [], plot, as_json)

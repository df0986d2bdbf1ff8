"""`ranvier evaluate`."""

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from sklearn.metrics import confusion_matrix

from ranvier.cli.common import check_fit, load, set_threads
from ranvier.cli.lines import warnings_as_lines
from ranvier.data.samples import Samples
from ranvier.errors import RanvierError
from ranvier.training.inputs import prepare
from ranvier.training.runs import RunFolder, Source
from ranvier.training.summary import energy
from ranvier.training.trained import open_trained

app = typer.Typer(add_completion=False)


@app.command(epilog="Example:  ranvier evaluate runs/spoken-digits-... other-recordings/ --json")
def evaluate(
    run: Annotated[Path, typer.Argument(help="Run folder of a trained network or reservoir.")],
    path: Annotated[
        str,
        typer.Argument(
            help="Labelled samples: a folder with one sub-folder a class, IDX files, an NPZ file, or a known set."
        ),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse the folder if a single file cannot be read.")
    ] = False,
    threads: Annotated[int | None, typer.Option(help="Processor cores to use.")] = None,
) -> None:
    """Accuracy on all samples of PATH, with recall of each class, firing rates, work and what it would cost in energy. Nothing is held out: give data that were
    not trained on."""
    set_threads(threads)
    with warnings_as_lines():
        folder = RunFolder.open(run)
        recipe, trained = folder.recipe, open_trained(folder)
        samples = load(Source(path, strict=strict), recipe.rate)
        y = _labels(samples, folder)
        found = trained.measure(prepare(samples, recipe), np.arange(len(y)))
    recall = {recipe.classes[c]: float((found.decision[y == c] == c).mean()) for c in np.unique(y)}
    rates = {layer.name: float(layer.rates.mean()) for layer in found.layers if layer.fires}
    cost = energy(found, found.accuracy(y))
    result = {
        "accuracy": found.accuracy(y),
        "samples": len(y),
        "recall": recall,
        "confusion": confusion_matrix(y, found.decision, labels=range(len(recipe.classes))).tolist(),
        "rates": rates,
        "synaptic_operations": sum(layer.operations for layer in found.layers if not layer.analog) / len(y),
        "energy": None if cost is None else cost.as_dict(),
        "skipped": [name for name, _ in samples.skipped],
    }
    if as_json:
        typer.echo(json.dumps(result, indent=2))
        return
    typer.echo(f"accuracy {100 * found.accuracy(y):.1f} % of {len(y)} samples")
    typer.echo("recall of each class:")
    for name, value in recall.items():
        typer.echo(f"  {name}: {100 * value:.1f} %")
    fired = ", ".join(f"{name} {100 * rate:.1f} %" for name, rate in rates.items())
    typer.echo(f"firing {fired}" if rates else "firing: nothing in this model spikes")
    if cost is not None:
        typer.echo(f"energy, estimated, nothing measured: {cost.verdict}")


def _labels(samples: Samples, run: RunFolder) -> np.ndarray:
    """Labels of the samples as places in the recipe's classes; the samples must be of the recipe's kind and shape."""
    check_fit(samples, run)
    recipe = run.recipe
    unknown = [c for c in samples.classes if c not in recipe.classes]
    if unknown:
        raise RanvierError(
            f"{samples.name}: classes {', '.join(unknown)} are unknown to the {run.noun}, which knows {', '.join(recipe.classes)}. "
            "Rename the folders, or leave them out."
        )
    place = np.array([recipe.classes.index(c) for c in samples.classes])
    return place[samples.y]

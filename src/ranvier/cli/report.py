"""`ranvier report`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from ranvier.cli.common import console, load_again, set_threads
from ranvier.cli.lines import warnings_as_lines
from ranvier.data.splits import split
from ranvier.files import refuse_to_replace
from ranvier.plotting.report import hero, write_report
from ranvier.training.inputs import prepare
from ranvier.training.outcome import Outcome
from ranvier.training.runs import REPORT, RunFolder
from ranvier.training.trained import open_trained

app = typer.Typer(add_completion=False)


@app.command(epilog="Example:  ranvier report runs/spoken-digits-... --force --picture raster.png")
def report(
    run: Annotated[Path, typer.Argument(help="Run folder of a trained network or reservoir.")],
    picture: Annotated[
        Path | None, typer.Option(help="Also draw the sample's raster and winning membrane into this PNG file.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the report, and the picture, that are there.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    threads: Annotated[int | None, typer.Option(help="Processor cores to use.")] = None,
) -> None:
    """Measure a run on its test samples again and write its report.html. The data must still be where they were."""
    set_threads(threads)
    with warnings_as_lines():
        folder = RunFolder.open(run)
        trained, metrics = open_trained(folder), folder.metrics()
        for file in (folder.path / REPORT, *([] if picture is None else [picture])):
            refuse_to_replace(file, force)
        samples = load_again(folder)
        parts = split(samples, folder.source.split, folder.recipe.seed)
        with console.status("measuring", spinner="dots"):
            inputs = prepare(samples, folder.recipe)
            measured = trained.measure(inputs, parts.test)
        data = trained.report(Outcome(folder, samples, inputs, parts, measured, metrics))
        written = {"report": str(write_report(data, folder.path / REPORT))}
        if picture is not None:
            hero(data.sample, picture, data.classes)
            written["picture"] = str(picture)
    if as_json:
        typer.echo(
            json.dumps(
                written | {"accuracy": data.accuracy, "energy": None if data.energy is None else data.energy.as_dict()},
                indent=2,
            )
        )
        return
    for what, file in written.items():
        typer.echo(f"{what}: {file}")

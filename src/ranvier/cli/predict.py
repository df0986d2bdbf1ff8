"""`ranvier predict`."""

import json
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer

from ranvier.cli.common import set_threads
from ranvier.cli.lines import warn, warnings_as_lines
from ranvier.data.image import read_image
from ranvier.data.sound import read_sound
from ranvier.errors import BadFileError, RanvierError
from ranvier.training.inputs import ImageInputs, Inputs, SoundInputs
from ranvier.training.recipe import Recipe
from ranvier.training.runs import RunFolder
from ranvier.training.trained import open_trained

app = typer.Typer(add_completion=False)


@app.command(epilog="Example:  ranvier predict runs/spoken-digits-... hello.wav --json")
def predict(
    run: Annotated[Path, typer.Argument(help="Run folder of a trained network or reservoir.")],
    files: Annotated[list[Path], typer.Argument(help="Sounds or images to classify.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON: one object a file, with all probabilities.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first file that cannot be read.")] = False,
    threads: Annotated[int | None, typer.Option(help="Processor cores to use.")] = None,
) -> None:
    """Class and confidence of each file. Files that cannot be read are named and skipped."""
    set_threads(threads)
    with warnings_as_lines():
        folder = RunFolder.open(run)
        trained = open_trained(folder)
        rows = []
        for file in files:
            try:
                inputs = _read(file, folder.recipe)
            except BadFileError as error:
                if strict:
                    raise
                warn(f"skipped {error}")
                continue
            decisions, probabilities = trained.decide(inputs, np.array([0]))
            decision, chance = int(decisions[0]), probabilities[0]
            rows.append(
                {
                    "file": str(file),
                    "class": folder.recipe.classes[decision] if decision >= 0 else None,
                    "confidence": float(chance[decision]) if decision >= 0 else 0.0,
                    "probabilities": dict(zip(folder.recipe.classes, chance.tolist(), strict=True)),
                }
            )
            if not as_json:
                row = rows[-1]
                typer.echo(f"{file}: {row['class'] or 'no decision'} ({100 * row['confidence']:.1f} %)")
        if as_json:
            typer.echo(json.dumps(rows, indent=2))
        if not rows:
            wanted = "sounds (.wav, .flac, .ogg)" if folder.recipe.kind == "sound" else "images (.png, .jpg)"
            raise RanvierError(f"none of the {len(files)} files could be read. Give {wanted}.")


def _read(file: Path, recipe: Recipe) -> Inputs:
    """One file as a model takes it."""
    if recipe.kind == "sound":
        assert recipe.rate is not None
        wave = torch.from_numpy(read_sound(file).at(recipe.rate).wave)
        return SoundInputs.of([wave], torch.zeros(1), recipe)
    channels, height, width = recipe.shape
    picture = torch.from_numpy(read_image(file).array((height, width), channels))
    return ImageInputs(picture[None], torch.zeros(1), recipe)

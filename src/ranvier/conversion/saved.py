"""A conversion as a folder: the source's weights, its layers, and the scales that were found. Loading builds the same spiking network again.

conversion.json       format, layers, choices, scales, shape of a sample
weights.safetensors   weights of the source
"""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch

import ranvier
from ranvier.conversion.conversion import Choices, Conversion
from ranvier.conversion.convert import from_chain
from ranvier.conversion.describe import describe, read
from ranvier.conversion.input import BernoulliSpikes, ConstantCurrent
from ranvier.conversion.model_file import check_numbers, fill, state_of
from ranvier.conversion.normalise import MaxActivation, ModelBased, Percentile, ThresholdBalancing
from ranvier.equations.options import Subtract, ToValue
from ranvier.errors import BadFileError, RanvierError
from ranvier.files import write_atomic

FORMAT = 1
CONFIG, WEIGHTS = "conversion.json", "weights.safetensors"
CHOICES: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        Percentile,
        MaxActivation,
        ModelBased,
        ThresholdBalancing,
        ConstantCurrent,
        BernoulliSpikes,
        Subtract,
        ToValue,
    )
}


def save(conversion: Conversion, folder: str | Path, *, force: bool = False) -> Path:
    """Writes a conversion into a folder; what is there already is kept unless force=True.

    Raises `RanvierError` where the folder has a conversion and force is False, or cannot be written.
    """
    folder = Path(folder)
    check_free(folder, (CONFIG, WEIGHTS), force, "force=True")
    choices = conversion.choices
    config = {
        "format": FORMAT,
        "ranvier": ranvier.__version__,
        "layers": describe(conversion.original),
        "normalise": _named(choices.normalise),
        "reset": _named(choices.reset),
        "start": choices.start,
        "input": _named(choices.input),
        "input_scale": float(conversion.input_scale),
        "sample_shape": list(conversion.sample_shape),
        "scales": {p.name: p.scale.tolist() for p in conversion.populations},
        "assumptions": list(conversion.assumptions),
    }
    state = {name: tensor.contiguous() for name, tensor in state_of(conversion.original).items()}
    write_atomic(folder / WEIGHTS, safetensors.torch.save(state))
    write_atomic(folder / CONFIG, json.dumps(config, indent=2))
    return folder


def load(folder: str | Path) -> Conversion:
    """The conversion that `save` wrote.

    Raises `BadFileError` where a file is missing or damaged, `RanvierError` where it is newer than this version.
    """
    folder = Path(folder)
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        state = safetensors.torch.load((folder / WEIGHTS).read_bytes())
    except OSError as error:
        raise BadFileError(
            f"{folder}: no conversion ({error.strerror or error}: {CONFIG} or {WEIGHTS}). Give the folder that `ranvier convert` wrote."
        ) from error
    except (ValueError, safetensors.SafetensorError) as error:
        raise BadFileError(
            f"{folder}: {CONFIG} or {WEIGHTS} is damaged ({error}). Convert the network again."
        ) from error
    try:
        if config["format"] > FORMAT:
            raise RanvierError(
                f"{folder}: written by ranvier {config['ranvier']} (conversion format {config['format']}); this is ranvier "
                f"{ranvier.__version__} (format {FORMAT}). Update with `pip install -U ranvier`."
            )
        chain = read(config["layers"], str(folder))
        check_numbers(str(folder / WEIGHTS), state)
        fill(chain, state, str(folder))
        kind = next((v.dtype for v in state.values() if v.is_floating_point()), torch.get_default_dtype())
        scales = {str(k): torch.tensor(v, dtype=kind) for k, v in config["scales"].items()}
        choices = Choices(
            _made(config["normalise"]), _made(config["reset"]), float(config["start"]), _made(config["input"])
        )
        told = list(config["assumptions"])
        sample = torch.full((1, *map(int, config["sample_shape"])), float(config["input_scale"]), dtype=kind)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadFileError(f"{folder}: {CONFIG} is damaged ({error!r}). Convert the network again.") from error
    return replace(from_chain(chain, sample, choices, scales), assumptions=tuple(map(str, told)))


def check_free(folder: Path, names: tuple[str, ...], force: bool, remedy: str) -> None:
    """Refuses to write over files of these names. remedy: what to type to do it."""
    there = [name for name in names if (folder / name).exists()]
    if there and not force:
        raise RanvierError(
            f"{folder}: holds {', '.join(there)} already. Give another folder, or {remedy} to replace it."
        )
    if folder.exists() and not folder.is_dir():
        raise RanvierError(f"{folder}: is a file, expected a folder. Give another name.")


def _named(choice: Any) -> dict[str, Any]:
    return {"kind": type(choice).__name__, **asdict(choice)}


def _made(described: dict[str, Any]) -> Any:
    values = dict(described)
    return CHOICES[values.pop("kind")](**values)

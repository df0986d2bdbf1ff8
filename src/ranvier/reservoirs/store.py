"""Reservoirs on disk, without pickle: one safetensors file, numbers as tensors and arguments as JSON in its header."""

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy
from sklearn.base import BaseEstimator

from ranvier.errors import BadFileError, RanvierError
from ranvier.files import write_atomic
from ranvier.reservoirs.bucket import Bucket
from ranvier.reservoirs.celegans import CElegans
from ranvier.reservoirs.deep_echo_state import DeepEchoState
from ranvier.reservoirs.deep_liquid_state import DeepLiquidState
from ranvier.reservoirs.echo_state import EchoState
from ranvier.reservoirs.liquid import Inputs
from ranvier.reservoirs.liquid_state import LiquidState
from ranvier.reservoirs.liquid_time_constant import LiquidTimeConstant
from ranvier.reservoirs.ncp import NCP
from ranvier.reservoirs.nvar import NVAR
from ranvier.reservoirs.pooling import All, Equidistant, Last, Mean
from ranvier.reservoirs.readouts import FORCE, LMS, RLS, Ridge, RidgeClassifier, SpikingReadout
from ranvier.reservoirs.reservoir import Reservoir
from ranvier.reservoirs.scan import Weights
from ranvier.reservoirs.spike_codes import Counts, Rates
from ranvier.reservoirs.topologies import Cycle, Given, Orthogonal, Sparse
from ranvier.reservoirs.units import IntrinsicPlasticity
from ranvier.reservoirs.wiring import Wiring

FORMAT = 1
RESERVOIRS = (Bucket, EchoState, DeepEchoState, DeepLiquidState, LiquidState, LiquidTimeConstant, NVAR)
READOUTS = (Ridge, RidgeClassifier, RLS, LMS, FORCE, SpikingReadout)
VALUES = (
    All,
    Counts,
    Equidistant,
    Last,
    Mean,
    Rates,
    CElegans,
    Cycle,
    Given,
    NCP,
    Orthogonal,
    Sparse,
    IntrinsicPlasticity,
)
KINDS = {kind.__name__: kind for kind in (*RESERVOIRS, *READOUTS, *VALUES, Weights, Wiring, Inputs)}
LEFT = ("_factors", "_noise_seed", "_order", "_built")  # what only a fit needs, or is built again


def save(model: Reservoir, path: str | os.PathLike[str]) -> Path:
    """Writes a reservoir, fitted or not, to a file that `load` reads; predictions are the same to the last bit.

    Raises:
        RanvierError: a readout, pooling or topology that is not of this room; the file cannot be written.
    """
    tensors: dict[str, np.ndarray] = {}
    described = _describe(model, "model", tensors)
    header = {"format": str(FORMAT), "reservoir": json.dumps(described)}
    return write_atomic(path, safetensors.numpy.save(tensors, header))


def load(path: str | os.PathLike[str]) -> Any:
    """The reservoir that `save` wrote.

    Raises:
        BadFileError: no such file, or not one of these.
    """
    try:
        with safetensors.safe_open(path, "numpy") as file:
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}
        if header.get("format") != str(FORMAT):
            raise ValueError(f"format {header.get('format')}, expected {FORMAT}")
        found = _build(json.loads(header["reservoir"]), tensors)
    except (OSError, safetensors.SafetensorError, KeyError, ValueError, TypeError, RecursionError) as error:
        raise BadFileError(
            f"{path}: no reservoir can be read from it ({error}); expected a file written by reservoirs.save."
        ) from error
    if not isinstance(found, Reservoir):
        raise BadFileError(
            f"{path}: holds {type(found).__name__}, expected a reservoir; write it with reservoirs.save."
        )
    return found


def _describe(value: Any, place: str, tensors: dict[str, np.ndarray]) -> Any:
    """A value as JSON; arrays go to `tensors` under their place."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | float | np.integer | np.floating):
        return value.item() if isinstance(value, np.generic) else value
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        tensors[place] = np.ascontiguousarray(value)
        return {"tensor": place}
    if (
        isinstance(value, np.ndarray)
        and value.dtype.kind in "UO"
        and all(isinstance(entry, str) for entry in value.flat)
    ):
        return {"text": value.tolist()}
    if isinstance(value, tuple | list):
        parts = [_describe(part, f"{place}.{k}", tensors) for k, part in enumerate(value)]
        return {"tuple" if isinstance(value, tuple) else "list": parts}
    if isinstance(value, dict):
        return {"dict": {name: _describe(part, f"{place}.{name}", tensors) for name, part in value.items()}}
    if type(value).__name__ in KINDS and isinstance(value, KINDS[type(value).__name__]):
        fields = list(vars(value)) if isinstance(value, BaseEstimator) else [f.name for f in dataclasses.fields(value)]
        inside = {name: getattr(value, name) for name in fields if name not in LEFT}
        if isinstance(value, Given):
            inside["matrix"] = value.draw(np.shape(value.matrix)[0], np.random.default_rng(0)).toarray()
        return {
            "kind": type(value).__name__,
            "is": {n: _describe(v, f"{place}.{n}", tensors) for n, v in inside.items()},
        }
    raise RanvierError(
        f"reservoirs.save: {place} is {type(value).__name__}, which cannot be written as numbers and text; expected "
        f"one of {', '.join(k.__name__ for k in (*READOUTS, *VALUES))} there. Use Ridge() or RidgeClassifier() as the readout and whole numbers as seeds."
    )


def _build(described: Any, tensors: dict[str, np.ndarray]) -> Any:
    if not isinstance(described, dict):
        return described
    if "tensor" in described:
        return tensors[described["tensor"]]
    if "text" in described:
        return np.array(described["text"])
    for kind in (tuple, list):
        if kind.__name__ in described:
            return kind(_build(part, tensors) for part in described[kind.__name__])
    if "dict" in described:
        return {name: _build(part, tensors) for name, part in described["dict"].items()}
    inside = {name: _build(value, tensors) for name, value in described["is"].items()}
    made = KINDS[described["kind"]]
    if not issubclass(made, BaseEstimator):
        return made(**inside)
    found = object.__new__(made)
    vars(found).update(inside)
    return found

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
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from ranvier import neurons
from ranvier.errors import BadFileError, RanvierError
from ranvier.files import UNREADABLE, write_atomic
from ranvier.neurons.neuron import Neuron
from ranvier.reservoirs.bucket import Bucket
from ranvier.reservoirs.celegans import CElegans
from ranvier.reservoirs.deep_echo_state import DeepEchoState
from ranvier.reservoirs.deep_liquid_state import DeepLiquidState
from ranvier.reservoirs.desnn import DeSNN
from ranvier.reservoirs.echo_state import EchoState
from ranvier.reservoirs.intrinsic_plasticity import IntrinsicPlasticity
from ranvier.reservoirs.liquid import Inputs
from ranvier.reservoirs.liquid_state import LiquidState
from ranvier.reservoirs.liquid_time_constant import LiquidTimeConstant
from ranvier.reservoirs.ncp import NCP
from ranvier.reservoirs.neucube import NeuCube
from ranvier.reservoirs.nvar import NVAR
from ranvier.reservoirs.pooling import All, Equidistant, Last, Mean, pooled
from ranvier.reservoirs.readouts import FORCE, LMS, RLS, Ridge, RidgeClassifier, SpikingReadout
from ranvier.reservoirs.reservoir import Reservoir
from ranvier.reservoirs.scan import Weights
from ranvier.reservoirs.several import Several
from ranvier.reservoirs.spike_codes import Counts, Rates
from ranvier.reservoirs.topologies import Cycle, Given, Orthogonal, Sparse
from ranvier.reservoirs.wiring import Wiring

FORMAT = 1
RESERVOIRS = (
    Bucket,
    EchoState,
    DeepEchoState,
    DeepLiquidState,
    LiquidState,
    LiquidTimeConstant,
    NVAR,
    NeuCube,
    Several,
)
NEIGHBOURS = (KNeighborsClassifier, KNeighborsRegressor)  # of scikit-learn: written as their training rows
READOUTS = (Ridge, RidgeClassifier, RLS, LMS, FORCE, SpikingReadout)
VALUES = (
    All,
    Counts,
    DeSNN,
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
KINDS = {kind.__name__: kind for kind in (*RESERVOIRS, *READOUTS, *NEIGHBOURS, *VALUES, Weights, Wiring, Inputs)}
NEURONS = {name: kind for name, kind in vars(neurons).items() if isinstance(kind, type) and issubclass(kind, Neuron)}
LEFT = ("_factors", "_noise_seed", "_order", "_built")  # what only a fit needs, or is built again
NO_FILE = (*UNREADABLE, safetensors.SafetensorError, RanvierError)  # what damaged and made-up files raise


def save(model: Reservoir | Several, path: str | os.PathLike[str]) -> Path:
    """Writes a reservoir, or several readouts of one, fitted or not, to a file that `load` reads; predictions are the same to the last bit.

    Readouts are those of this room and scikit-learn's nearest neighbours; neurons of a liquid those of the library, with numbers as parameters.

    Raises:
        RanvierError: a readout, pooling or topology that is not of these; the file cannot be written.
    """
    if not isinstance(model, Reservoir | Several):
        raise TypeError(f"reservoirs.save: expected a reservoir or Several, got {type(model).__name__}.")
    tensors: dict[str, np.ndarray] = {}
    described = _describe(model, "model", tensors)
    header = {"format": str(FORMAT), "reservoir": json.dumps(described)}
    return write_atomic(path, safetensors.numpy.save(tensors, header))


def load(path: str | os.PathLike[str]) -> Any:
    """The reservoir that `save` wrote. A file is data: nothing in it is run, and what does not belong together is refused.

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
        if not isinstance(found, Reservoir | Several):
            raise ValueError(f"it holds {type(found).__name__}")
        _try(found)
    except NO_FILE as error:
        raise BadFileError(
            f"{path}: no reservoir can be read from it ({error}); expected a file written by reservoirs.save."
        ) from error
    return found


def _describe(value: Any, place: str, tensors: dict[str, np.ndarray]) -> Any:
    """A value as JSON; arrays go to `tensors` under their place."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        name = place if place not in tensors else f"{place}#{len(tensors)}"  # names of tasks may hold dots
        tensors[name] = np.ascontiguousarray(value)
        return {"tensor": name}
    if (
        isinstance(value, np.ndarray)
        and value.dtype.kind in "UO"
        and all(isinstance(entry, str) for entry in value.flat)
    ):
        return {"text": value.tolist()}
    if isinstance(value, tuple | list):
        parts = [_describe(part, f"{place}.{k}", tensors) for k, part in enumerate(value)]
        return {"tuple" if isinstance(value, tuple) else "list": parts}
    if isinstance(value, dict) and all(isinstance(name, str) for name in value):
        return {"dict": {name: _describe(part, f"{place}.{name}", tensors) for name, part in value.items()}}
    if isinstance(value, Neuron) and _plain(value):
        return {"neuron": type(value).__name__, "dt": value.dt, "parameters": value.parameter_values()}
    if type(value) in KINDS.values():
        inside = {
            name: _describe(part, f"{place}.{name}", tensors)
            for name, part in _inside(value).items()
            if name not in LEFT
        }
        return {"kind": type(value).__name__, "is": inside}
    raise RanvierError(
        f"reservoirs.save: {place} is {type(value).__name__}, which cannot be written as numbers and text; expected "
        f"one of {', '.join(k.__name__ for k in (*READOUTS, *NEIGHBOURS, *VALUES))} there. Use Ridge() or RidgeClassifier() as the readout, "
        "whole numbers as seeds and text as names."
    )


def _plain(neuron: Neuron) -> bool:
    """Whether a neuron is one of the library's, with numbers as parameters and no option but dt."""
    values = neuron.parameter_values()
    if NEURONS.get(type(neuron).__name__) is not type(neuron) or not all(isinstance(v, float) for v in values.values()):
        return False
    return type(neuron)(dt=neuron.dt, **values).options == neuron.options


def _inside(value: Any) -> dict[str, Any]:
    """What an object is made of."""
    if isinstance(value, NEIGHBOURS):
        fitted = hasattr(value, "_fit_X")
        rows: Any = {"rows": value._fit_X, "targets": _targets(value)} if fitted else {}
        return {"arguments": value.get_params(), **rows}
    if isinstance(value, Given):
        return {"matrix": value.draw(np.shape(value.matrix)[0], np.random.default_rng(0)).toarray()}
    if isinstance(value, BaseEstimator):
        return vars(value)
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}


def _targets(neighbours: Any) -> Any:
    """What nearest neighbours were fitted to; scikit-learn keeps the places of labels among the classes."""
    return neighbours._y if isinstance(neighbours, KNeighborsRegressor) else neighbours.classes_[neighbours._y]


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
    if "neuron" in described:
        return NEURONS[described["neuron"]](dt=described["dt"], **described["parameters"])
    inside = {name: _build(value, tensors) for name, value in described["is"].items()}
    made = KINDS[described["kind"]]
    if issubclass(made, NEIGHBOURS):
        found = made(**inside["arguments"])
        return found.fit(inside["rows"], inside["targets"]) if "rows" in inside else found
    if not issubclass(made, BaseEstimator):
        return made(**inside)
    for name in inside:
        known = getattr(made, name, None)
        if not name.isidentifier() or callable(known) or isinstance(known, property):
            raise ValueError(f"{name!r} is no attribute of {made.__name__} that a file sets")
    found = object.__new__(made)
    vars(found).update(inside)
    return found


def _try(model: Any) -> None:
    """Refuses arguments out of range, and fitted parts that do not belong together: one step of no input must go through all of them."""
    if isinstance(model, Several):
        readouts = getattr(model, "readouts_", {})
        model = model.reservoir_ if readouts else model.reservoir
    else:
        readouts = {"readout": model.readout_} if hasattr(model, "features_") else {}
    if not isinstance(model, Reservoir):
        raise ValueError(f"{type(model).__name__} in place of a reservoir")
    model._check_arguments()
    if not readouts:
        return
    back = int(np.prod(model.outputs_shape_)) if model.feedback else 0
    rows = model._scaled(np.array(model.mean_, np.float64).reshape(1, model.features_))
    states, _ = model._scan(np.hstack([rows, np.zeros((1, back))]), np.array([0, 1]), None)
    if states.shape != (1, model._columns):
        raise ValueError(f"a step has {states.size} states, expected {model._columns}")
    design = model._design(states, rows)
    width = design.shape[1] if model.pooling_ is None else pooled(model.pooling_, [design]).shape[1]
    for name, readout in readouts.items():
        size = readout.n_features_in_
        if size < width or size % width or (size > width and not isinstance(model.pooling_, All)):
            raise ValueError(f"{name} reads rows of {size} numbers, the states make {width}")
        readout.predict(np.zeros((1, size)))

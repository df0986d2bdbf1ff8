"""NIR's neurons and ours, both ways: which parameter is which, and what the input of a step is worth."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ranvier.equations.declaration import ModelError
from ranvier.equations.options import PHASES, CurrentInput, ImpulseInput, ToValue
from ranvier.interchange.conventions import Convention, describe, understand
from ranvier.interchange.nir_models import NIRLI, NIRLIF, NIRCubaLI, NIRCubaLIF, NIRThreshold
from ranvier.interchange.nir_node import Node
from ranvier.neurons.accumulator import Accumulator
from ranvier.neurons.cuba_lif import CubaLIF
from ranvier.neurons.integrate_and_fire import IF
from ranvier.neurons.li import LI
from ranvier.neurons.lif import LIF
from ranvier.neurons.neuron import Neuron
from ranvier.neurons.synaptic_lif import Synaptic
from ranvier.surrogates import Surrogate

Values = dict[str, Any]  # float or float64 array [*N] each
KEYS = {
    "I": ("r",),
    "IF": ("r", "v_threshold", "v_reset"),
    "LI": ("tau", "r", "v_leak"),
    "LIF": ("tau", "r", "v_leak", "v_threshold", "v_reset"),
    "CubaLI": ("tau_syn", "tau_mem", "r", "v_leak", "w_in"),
    "CubaLIF": ("tau_syn", "tau_mem", "r", "v_leak", "v_threshold", "v_reset", "w_in"),
    "Threshold": ("threshold",),
}
"""NIR's neurons and their parameters (Pedersen et al. 2024, table 1)."""

MODELS: dict[str, tuple[type[Neuron], ...]] = {
    "I": (Accumulator,),
    "IF": (IF,),
    "LI": (LI, NIRLI),
    "LIF": (LIF, NIRLIF),
    "CubaLI": (NIRCubaLI,),
    "CubaLIF": (NIRCubaLIF, CubaLIF, Synaptic),
    "Threshold": (NIRThreshold,),
}
"""Our models for each; the first is made where the file does not name one. A model is written as the primitive that it stands behind."""

_DEFAULTS = {"v_reset": 0.0, "w_in": 1.0}  # what NIR's own reader puts for a key that older files lack
_OURS = {"tau": "tau_mem", "threshold": "v_threshold"}  # names that differ


@dataclass(frozen=True)
class Setting:
    """How neurons are made. dt: None as the file says. convention: None as the file says of each neuron, else `Convention()`."""

    dt: float
    convention: Convention | None
    surrogate: Surrogate | None
    learn: tuple[str, ...]
    backend: str


def read_neuron(node: Node, shape: tuple[int, ...], setting: Setting) -> Neuron:
    """A population [*shape]. Raises `BadFileError` naming the node."""
    node.check_keys(*KEYS[node.kind])
    values: Values = {key: node.per_neuron(key, shape, _DEFAULTS.get(key)) for key in KEYS[node.kind]}
    for key in ("tau", "tau_mem", "tau_syn"):
        if key in values and np.min(values[key]) <= 0:
            raise node.refusal(f"{key} must be above 0 s, got {np.min(values[key]):g}.")
    model, options, told = _choices(node, setting)
    model, values, options["input"] = _drive(node, model, values, options["input"], setting.dt, told)
    parameters = {_OURS.get(key, key): _tensor(value) for key, value in values.items()}
    known = model.declaration.parameters
    learn = [name for name in setting.learn if name in known]
    try:
        with warnings.catch_warnings():
            if told or setting.convention is not None:
                warnings.simplefilter("ignore", UserWarning)  # of coarse Euler steps: these are asked for
            return model(
                dt=setting.dt,
                surrogate=setting.surrogate,
                learn=learn,
                backend=setting.backend,
                **options,
                **parameters,
            )
    except (ValueError, TypeError, ModelError) as error:
        raise node.refusal(f"{error} (dt, convention and learn are arguments of load_nir.)") from error


def write_neuron(neuron: Neuron, shape: tuple[int, ...]) -> tuple[str, dict[str, np.ndarray], str, list[str]]:
    """A population [*shape] as a primitive: its type, arrays, note for the metadata, and what other readers will not know.

    Raises ValueError for what NIR cannot say.
    """
    kind = next((k for k, models in MODELS.items() if type(neuron) in models), "")
    if not kind:
        names = sorted({m.__name__ for models in MODELS.values() for m in models if not m.__name__.startswith("NIR")})
        raise ValueError(f"NIR has no primitive with these equations; it has those of {', '.join(names)}.")
    if neuron.options.refractory is not None:
        raise ValueError(
            f"NIR has no refractory period; the neuron has {neuron.options.refractory!r}. Remove refractory=."
        )
    p: Values = {name: _array(value) for name, value in neuron.parameter_values().items()}
    dt, impulses = neuron.dt, isinstance(neuron.options.drive, ImpulseInput)
    if isinstance(neuron, IF | Accumulator):
        p["r"] = 1.0 if impulses else dt / p["c"]
    elif isinstance(neuron, LIF | LI) and impulses:
        p["r"] = p["tau_mem"] / dt
    elif isinstance(neuron, Synaptic | CubaLIF):
        p["w_in"] = p["tau_syn"] / dt
        p["r"] = p["r"] * p["tau_mem"] / dt if isinstance(neuron, Synaptic) else p["r"]
    fields = {key: np.broadcast_to(p[_OURS.get(key) or key], shape).astype(np.float64) for key in KEYS[kind]}
    return kind, fields, describe(neuron), _untold(neuron, kind)


def _untold(neuron: Neuron, kind: str) -> list[str]:
    """Choices that contradict NIR's text, which other readers will take."""
    o, found = neuron.options, []
    if neuron.fires and kind != "Threshold":
        if not isinstance(o.reset, ToValue):
            found.append(f"{o.reset!r}, where {kind} of NIR resets to v_reset")
        if tuple(o.order) != PHASES:
            found.append(f"the order {' > '.join(o.order)}, where {kind} of NIR resets at the spike")
    return found


def _choices(node: Node, setting: Setting) -> tuple[type[Neuron], dict[str, Any], bool]:
    """Model, options, and whether they are those that the file tells of this node."""
    models = MODELS[node.kind]
    if node.note is not None and setting.convention is None:
        try:
            options = understand(node.note)
        except ValueError as error:  # of JSON too
            raise node.refusal(f"its metadata is not what Ranvier writes: {error}. Give convention=.") from error
        named = options.pop("model")
        model = next((m for m in models if m.__name__ == named), None)
        if model is None:
            raise node.refusal(
                f"its metadata names the model {named!r}; expected {', '.join(m.__name__ for m in models)}."
            )
        return model, options, True
    c, model = setting.convention or Convention(), models[0]
    options = {"input": c.leaky_input if node.kind in ("LI", "LIF") else c.perfect_input, "integrator": c.integrator}
    if node.kind in ("CubaLI", "CubaLIF"):
        options = {"input": CurrentInput(), "integrator": c.coupled}
    elif node.kind == "Threshold":
        options = {"input": ImpulseInput(), "integrator": None}
    if model.declaration.has("threshold"):
        options |= {"reset": c.reset, "order": c.order, "fire_on": c.fire_on}
    if node.kind == "Threshold":
        options |= {"reset": ToValue(), "order": PHASES}
    return model, options, False


def _drive(
    node: Node, model: type[Neuron], p: Values, drive: Any, dt: float, told: bool
) -> tuple[type[Neuron], Values, Any]:
    """Model, parameters and kind of input, such that a step takes from x what the file means."""
    impulses = isinstance(drive, ImpulseInput)
    if model in (IF, Accumulator):
        r = p.pop("r")
        if impulses and np.all(r == 1):
            return model, p, drive
        if np.min(r) <= 0:
            raise node.refusal(f"r must be above 0, got {np.min(r):g}: it becomes a capacitance of 1/r.")
        return model, {**p, "c": dt / r if impulses or told else 1 / r}, CurrentInput()
    if model in (LIF, LI) and impulses:
        if np.all(np.abs(p["r"] * dt / p["tau"] - 1) <= 1e-9):
            return model, {**p, "r": 1.0}, drive
        return NIRLIF if model is LIF else NIRLI, p, drive
    if model in (CubaLIF, Synaptic):
        r = p["r"] * p.pop("w_in") * dt / p["tau_syn"]
        return model, {**p, "r": r * dt / p["tau_mem"] if model is Synaptic else r}, drive
    return model, p, drive


def _tensor(value: Any) -> Any:
    return (
        torch.from_numpy(np.ascontiguousarray(value)) if isinstance(value, np.ndarray) and value.ndim else float(value)
    )


def _array(value: Any) -> np.ndarray:
    return (value.detach().double().cpu().numpy() if isinstance(value, Tensor) else np.asarray(value)).astype(
        np.float64
    )

"""Networks of Lava-DL from the HDF5 files that its networks export."""

import math
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ranvier.equations.integrators import Euler
from ranvier.equations.options import ToValue
from ranvier.errors import BadFileError
from ranvier.interchange.hdf5 import LARGEST, Tree, read_tree
from ranvier.interchange.weights import Imported, linear
from ranvier.layers.sequential import Sequential
from ranvier.neurons.synaptic_lif import Synaptic
from ranvier.units import ms

WHOLE = 4096  # a decay of this much forgets everything in one step: 12 bits


def from_lava_dl(path: str | Path, *, dt: float = 1 * ms, largest: int = LARGEST, **options: Any) -> Imported:
    """The network of dense layers of CUBA neurons in a .net file of Lava-DL.

    i <- (1 - iDecay/4096) i + w s;  v <- (1 - vDecay/4096) v + i;  spike where v > vThMant;  v <- 0. Weights and threshold share Loihi's factor
    of 2^6, which falls out. `Synaptic` with Euler's rule does this in floating point: the chip, which drops bits in each product, can fire a
    step apart. options: of the neurons, such as surrogate=.

    Raises `BadFileError` naming the layer and what does not map: other layers and neurons, delays, refractory periods above one step.
    """
    file = str(path)
    layers_of = read_tree(path, largest).get("layer")
    if not isinstance(layers_of, dict) or not layers_of or not all(name.isdecimal() for name in layers_of):
        raise BadFileError(f"{file}: has no group /layer with layers 0, 1, ...; expected a .net file of Lava-DL.")
    layers: list[nn.Module] = []
    rows: list[tuple[str, str]] = []
    for name in sorted(layers_of, key=int):
        layer = _Layer(file, name, layers_of[name])
        synapses, neuron = layer.synapses(), layer.neuron(dt, options)
        before = layers[-2] if layers else None
        if before is not None and synapses.in_features != before.out_features:
            raise layer.refusal(
                f"weight takes {synapses.in_features} inputs, the layer before has {before.out_features} neurons."
            )
        rows.append((f"layer/{name}/weight", f"layer {len(layers)} Linear.weight {tuple(synapses.weight.shape)}"))
        rows.append(
            (
                f"layer/{name}/neuron",
                f"layer {len(layers) + 1} Synaptic(tau_mem={neuron.tau_mem:g}, tau_syn={neuron.tau_syn:g})",
            )
        )
        layers += [synapses, neuron]
    return Imported(Sequential(*layers, rate=None), tuple(rows))


class _Layer:
    """One layer of the file."""

    def __init__(self, file: str, name: str, values: Any) -> None:
        self.file, self.name = file, name
        self.values: Tree = values if isinstance(values, dict) else {}

    def refusal(self, text: str) -> BadFileError:
        return BadFileError(f"{self.file}: layer {self.name}: {text}")

    def synapses(self) -> Any:
        kind = self.values.get("type")
        kind = kind[0] if isinstance(kind, list) and kind else kind
        if kind != "dense":
            raise self.refusal(f"is of type {kind!r}; expected 'dense'. Build that network and call place_weights.")
        more = sorted(set(self.values) - {"type", "shape", "inFeatures", "outFeatures", "weight", "bias", "neuron"})
        if more:
            raise self.refusal(f"has {', '.join(more)}, which maps to nothing of ours; expected weights and a neuron.")
        weight, bias = self.values.get("weight"), self.values.get("bias")
        if not isinstance(weight, np.ndarray) or weight.ndim != 2 or not weight.size or not np.isfinite(weight).all():
            raise self.refusal("weight must be finite numbers [out, in].")
        if bias is not None and (
            not isinstance(bias, np.ndarray) or bias.size != len(weight) or not np.isfinite(bias).all()
        ):
            raise self.refusal(f"bias must be {len(weight)} finite numbers.")
        return linear(
            torch.from_numpy(weight.copy()), None if bias is None else torch.from_numpy(bias.reshape(-1).copy())
        )

    def neuron(self, dt: float, options: dict[str, Any]) -> Synaptic:
        told = self.values.get("neuron")
        told = told if isinstance(told, dict) else {}
        if told.get("type") != "CUBA":
            raise self.refusal(f"its neuron is {told.get('type')!r}; expected 'CUBA'.")
        more = sorted(set(told) - {"type", "iDecay", "vDecay", "vThMant", "refDelay", "gradedSpike"})
        if more:
            raise self.refusal(f"its neuron has {', '.join(more)}, which maps to nothing of ours.")

        def number(key: str, low: float, high: float) -> float:
            value = told.get(key)
            if not isinstance(value, np.ndarray) or value.size != 1 or not low <= float(value.flat[0]) <= high:
                raise self.refusal(f"{key} of its neuron must be one number from {low:g} to {high:g}.")
            return float(value.flat[0])

        number("refDelay", 1, 1)  # a longer refractory period holds v, which starts to count at another step than ours
        number("gradedSpike", 0, 0)
        decays = {"tau_syn": number("iDecay", 1, WHOLE), "tau_mem": number("vDecay", 1, WHOLE)}
        taus = {key: dt * WHOLE / decay for key, decay in decays.items()}
        threshold = number("vThMant", 1, math.inf)
        own = {"v_threshold": threshold, "fire_on": ">", "reset": ToValue(), "integrator": Euler()}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # of coarse Euler steps: these are what the chip does
            return Synaptic(dt=dt, **{**taus, **own, **options})

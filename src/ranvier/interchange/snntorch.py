"""Networks of snnTorch from their state dict."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ranvier.errors import RanvierError
from ranvier.interchange.weights import Imported, by_module, linear, read_state
from ranvier.layers.linear import Linear
from ranvier.layers.recurrent import Recurrent
from ranvier.layers.sequential import Sequential
from ranvier.neurons import presets
from ranvier.neurons.neuron import Neuron
from ranvier.units import ms

_RESETS = ("subtract", "zero", "none")  # reset_mechanism_val
_NEURON = {
    "beta",
    "alpha",
    "threshold",
    "reset_mechanism_val",
    "graded_spikes_factor",
    "recurrent.weight",
    "recurrent.bias",
}


def from_snntorch(
    source: Mapping[str, Any] | str | Path, *, reset_delay: bool = True, dt: float = 1 * ms, **options: Any
) -> Imported:
    """The network of `nn.Linear`, `Leaky`, `RLeaky`, `Synaptic` and `RSynaptic` that a state dict describes, in its order.

    A state dict tells weights, decays, threshold and kind of reset, not `reset_delay` nor the surrogate: give them here (surrogate= and other
    keywords go to the neurons). All-to-all recurrence becomes `Recurrent`; its bias joins that of the Linear before, since it comes
    in every step. A convolution's stride is not told either: build that network yourself and call `place_weights`.

    Raises `RanvierError` naming what does not map.

    >>> print(from_snntorch("net.pt", reset_delay=False))  # doctest: +SKIP
    """
    layers: list[nn.Module] = []
    rows: list[tuple[str, str]] = []
    for name, tensors in by_module(read_state(source)).items():
        if set(tensors) <= {"weight", "bias"} and "weight" in tensors and tensors["weight"].dim() == 2:
            layers.append(linear(tensors["weight"], tensors.get("bias")))
            rows += [
                (f"{name}.{key}", f"layer {len(layers) - 1} Linear.{key} {tuple(v.shape)}")
                for key, v in tensors.items()
            ]
        elif "beta" in tensors and set(tensors) <= _NEURON:
            neuron = _neuron(name, tensors, reset_delay, dt, options)
            rows += [
                (f"{name}.{key}", f"layer {len(layers)} {type(neuron).__name__}") for key in tensors if "." not in key
            ]
            layers.append(
                neuron if "recurrent.weight" not in tensors else _recurrent(name, neuron, tensors, layers, rows)
            )
        else:
            raise RanvierError(
                f"from_snntorch: {name!r} holds {', '.join(f'{k} {tuple(v.shape)}' for k, v in tensors.items())}; expected Linear, Leaky, "
                "RLeaky, Synaptic or RSynaptic. Build the network of our layers and call place_weights(state, net)."
            )
    if not layers:
        raise RanvierError("from_snntorch: the state dict is empty. Give net.state_dict() of a network.")
    return Imported(Sequential(*layers, rate=None), tuple(rows))


def _neuron(name: str, tensors: Mapping[str, Tensor], delay: bool, dt: float, options: Mapping[str, Any]) -> Neuron:
    def number(key: str, default: float) -> float:
        value = tensors.get(key, torch.tensor(default))
        if not bool((value == value.flatten()[0]).all()):
            raise RanvierError(f"from_snntorch: {name}.{key} differs between neurons; expected one number.")
        return float(value.flatten()[0])

    if number("graded_spikes_factor", 1.0) != 1:
        raise RanvierError(
            f"from_snntorch: {name} has graded spikes; ours are 0 or 1. Multiply the weights behind it instead."
        )
    reset = int(number("reset_mechanism_val", 0))
    if not 0 <= reset < len(_RESETS):
        raise RanvierError(f"from_snntorch: {name}.reset_mechanism_val is {reset}; expected 0, 1 or 2.")
    how: dict[str, Any] = {
        "threshold": number("threshold", 1.0),
        "reset_mechanism": _RESETS[reset],
        "reset_delay": delay,
        "dt": dt,
    }
    try:
        if "alpha" in tensors:
            return presets.snntorch_synaptic(number("alpha", 0), number("beta", 0), **how, **options)
        return presets.snntorch_leaky(number("beta", 0), **how, **options)
    except ValueError as error:
        raise RanvierError(f"from_snntorch: {name}: {error}") from error


def _recurrent(
    name: str, neuron: Neuron, tensors: Mapping[str, Tensor], layers: list[nn.Module], rows: list[tuple[str, str]]
) -> Recurrent:
    weight, bias = tensors["recurrent.weight"], tensors.get("recurrent.bias")
    if weight.dim() != 2 or weight.shape[0] != weight.shape[1]:
        raise RanvierError(f"from_snntorch: {name}.recurrent.weight has shape {tuple(weight.shape)}; expected [N, N].")
    layer = Recurrent(neuron, weight.shape[0])
    with torch.no_grad():
        layer.weight.copy_(weight)
    rows.append((f"{name}.recurrent.weight", f"layer {len(layers)} Recurrent.weight {tuple(weight.shape)}"))
    if bias is not None:
        before = layers[-1] if layers else None
        if not isinstance(before, Linear):
            raise RanvierError(
                f"from_snntorch: {name}.recurrent.bias has no Linear before it to join. Fold it into the input."
            )
        total = bias if before.bias is None else before.bias.detach() + bias
        before.bias = nn.Parameter(total.to(before.weight.dtype))
        rows.append((f"{name}.recurrent.bias", f"layer {len(layers) - 1} Linear.bias, added"))
    return layer

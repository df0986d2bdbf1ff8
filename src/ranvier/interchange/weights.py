"""Weights of other packages' networks: state dicts and files of tensors, placed into ours, with a table of what went where."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from ranvier.errors import BadFileError, RanvierError
from ranvier.files import UNREADABLE, check_unpacked
from ranvier.layers.conv import Conv2d
from ranvier.layers.linear import Linear
from ranvier.layers.recurrent import Recurrent
from ranvier.layers.sequential import Sequential

State = Mapping[str, Tensor]
LARGEST = 2**32  # bytes that the tensors of a file may take


@dataclass(frozen=True)
class Imported:
    """A network with another's weights. rows: what it was called there, what it is here; print the object for the table."""

    net: Sequential
    rows: tuple[tuple[str, str], ...]

    def __str__(self) -> str:
        width = max((len(source) for source, _ in self.rows), default=0)
        return "\n".join(f"{source.ljust(width)}  ->  {target}" for source, target in self.rows)


def read_state(source: Mapping[str, Any] | str | Path) -> dict[str, Tensor]:
    """Tensors by name: from a mapping, or a file (.npz, .safetensors, or what `torch.save` wrote of a state dict).

    Files are data: nothing in them is run. Raises `BadFileError` for files that hold anything but tensors, and for NaN and inf.
    """
    given = source if isinstance(source, Mapping) else _read_file(Path(source))
    where = "state" if isinstance(source, Mapping) else str(source)
    found, total = {}, 0
    for name, value in given.items():
        try:
            tensor = torch.as_tensor(value).detach()
        except (TypeError, ValueError, RuntimeError) as error:
            raise RanvierError(f"{where}: {name} is {type(value).__name__}; expected a tensor.") from error
        total += tensor.numel() * tensor.element_size()  # a view may have more elements than are stored
        if total > LARGEST:
            raise BadFileError(
                f"{where}: with {name} of shape {tuple(tensor.shape)} it takes more than {LARGEST} bytes."
            )
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise RanvierError(f"{where}: {name} holds NaN or inf. Train again, or take an earlier checkpoint.")
        found[str(name)] = tensor
    return found


def place_weights(source: Mapping[str, Any] | str | Path, net: Sequential, *, ignore: Sequence[str] = ()) -> Imported:
    """Copies weights into a network of ours, layer by layer in the order of the state dict. ignore: names of the state dict to leave out.

    A .safetensors file has no order: its names are taken by their numbers, and weight before bias.

    Every weight of `net` must be met and every tensor used: an error names those that are left, and changes nothing.
    """
    state = {name: value for name, value in read_state(source).items() if name not in set(ignore)}
    targets = list(_targets(net))
    rows = []
    for (name, value), (label, parameter) in zip(state.items(), targets, strict=False):
        if value.shape != parameter.shape:
            raise RanvierError(
                f"place_weights: {name} has shape {tuple(value.shape)}, its turn is {label} of shape {tuple(parameter.shape)}. "
                "Build the network with the layers of the other one, in the same order."
            )
        rows.append((name, f"{label} {tuple(parameter.shape)}"))
    if len(state) != len(targets):
        left = list(state)[len(targets) :] or [label for label, _ in targets[len(state) :]]
        whose = "the state dict has no place for" if len(state) > len(targets) else "the state dict has nothing for"
        raise RanvierError(f"place_weights: {whose} {', '.join(left[:6])}. Give ignore=, or another network.")
    with torch.no_grad():
        for value, (_, parameter) in zip(state.values(), targets, strict=True):
            parameter.copy_(value)
    return Imported(net, tuple(rows))


def _targets(net: nn.Module, prefix: str = "") -> list[tuple[str, nn.Parameter]]:
    """Weights and biases of the layers in order, with their places."""
    found = []
    for k, layer in enumerate(net.layers) if isinstance(net, Sequential) else ():
        if isinstance(layer, Linear | Conv2d | Recurrent):
            for name in ("weight", "bias"):
                parameter = getattr(layer, name, None)
                if parameter is not None:
                    found.append((f"layer {prefix}{k} {type(layer).__name__}.{name}", parameter))
        found += _targets(layer, f"{prefix}{k}.")
    return found


def _read_file(file: Path) -> Mapping[str, Any]:
    if not file.is_file():
        raise BadFileError(f"{file}: no such file. Give a .npz, .safetensors or .pt file of a state dict.")
    check_unpacked(str(file), file, LARGEST)
    try:
        if file.suffix == ".npz":
            with file.open("rb") as opened, np.load(opened, allow_pickle=False) as archive:
                return {name: archive[name] for name in archive.files}
        if file.suffix == ".safetensors":
            found = safetensors.torch.load_file(file)
            return {name: found[name] for name in sorted(found, key=_counted)}
        found = torch.load(file, map_location="cpu", weights_only=True)
    except (*UNREADABLE, safetensors.SafetensorError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise BadFileError(f"{file}: cannot be read as tensors ({first}). Give the file of a state dict.") from error
    except Exception as error:  # torch raises its unpickler's own error for what is no tensor
        raise BadFileError(
            f"{file}: holds more than tensors ({type(error).__name__}). Save net.state_dict()."
        ) from error
    if not isinstance(found, Mapping):
        raise BadFileError(f"{file}: holds {type(found).__name__}; expected a state dict. Save net.state_dict().")
    return found


def _counted(name: str) -> list[str | int]:
    """A key that sorts names by the numbers in them, and bias behind weight."""
    return [int(part) if k % 2 else part.replace("bias", "~") for k, part in enumerate(re.split(r"(\d+)", name))]


def by_module(state: State) -> dict[str, dict[str, Tensor]]:
    """Tensors by the module they belong to, in order: "lif1.recurrent.weight" is "recurrent.weight" of "lif1"."""
    found: dict[str, dict[str, Tensor]] = {}
    for name, value in state.items():
        module, _, rest = name.rpartition(".")
        if module.endswith(".recurrent"):
            module, rest = module.removesuffix(".recurrent"), f"recurrent.{rest}"
        found.setdefault(module, {})[rest] = value
    return found


def linear(weight: Tensor, bias: Tensor | None) -> Linear:
    """Synapses with given weights [out, in]."""
    layer = Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    with torch.no_grad():
        layer.weight.copy_(weight)
        if layer.bias is not None and bias is not None:
            layer.bias.copy_(bias)
    return layer

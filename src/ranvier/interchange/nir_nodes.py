"""The table: NIR's primitives and our layers, both ways. Neurons have their own page, `nir_neurons.py`."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ranvier.interchange.nir_layers import Convolution, Delay, FlattenAxes, PaddedSumPool2d
from ranvier.interchange.nir_neurons import MODELS, Setting, read_neuron
from ranvier.interchange.nir_node import Node
from ranvier.layers.conv import Conv2d
from ranvier.layers.linear import Linear
from ranvier.layers.pooling import AvgPool2d, SumPool2d
from ranvier.layers.scale import Scale, along_channels
from ranvier.layers.shape import Flatten

Shape = tuple[int, ...]
Fields = dict[str, Any]
Reader = Callable[[Node, Shape, Setting], nn.Module]
MOST_VALUES = 2**26  # that a node may put out in a step: a file that asks for more is hostile or mistaken


@dataclass(frozen=True)
class Primitive:
    """One row. read: the layer of a node for input [*N]. rank: axes that the input must have, if only one number of them will do."""

    read: Reader
    rank: int | None = None


def output_shape(layer: nn.Module, shape: Shape) -> Shape:
    """[*M] of a layer for input [*N], found without computing."""
    if isinstance(layer, Linear):
        return (layer.out_features,)
    if isinstance(layer, Flatten):
        return (math.prod(shape),)
    if isinstance(layer, FlattenAxes):
        first, last = layer.first, layer.last
        return (*shape[:first], math.prod(shape[first : last + 1]), *shape[last + 1 :])
    if isinstance(layer, Conv2d | SumPool2d | AvgPool2d):
        padding = getattr(layer, "padding", (0, 0))
        channels = layer.weight.shape[0] if isinstance(layer, Conv2d) else shape[0]
        return (channels, *_sizes(shape[1:], layer.kernel_size, layer.stride, [(p, p) for p in padding], (1, 1)))
    if isinstance(layer, Convolution):
        sizes = _sizes(shape[1:], layer.weight.shape[2:], layer.stride, layer.padding, layer.dilation)
        return (layer.weight.shape[0], *sizes)
    return shape


# ---- reading ---------------------------------------------------------------------------------------------------------


def _linear(node: Node, shape: Shape, setting: Setting) -> nn.Module:
    node.check_keys("weight", *(["bias"] if node.kind == "Affine" else []))
    weight = node.array("weight")
    if weight.ndim != 2:
        raise node.refusal(f"weight must have the axes [out, in], got shape {weight.shape}.")
    if shape != (weight.shape[1],):
        flat = " A Flatten before it is missing." if math.prod(shape) == weight.shape[1] else ""
        raise node.refusal(f"weight has shape {weight.shape}, the input of the node {shape}.{flat}")
    layer = Linear(weight.shape[1], weight.shape[0], bias=node.kind == "Affine")
    layer.weight = _trained(weight)
    if layer.bias is not None:
        layer.bias = _trained(_bias(node, weight.shape[0]))
    return layer


def _convolution(node: Node, shape: Shape, setting: Setting) -> nn.Module:
    node.check_keys("input_shape", "weight", "stride", "padding", "dilation", "groups", "bias")
    axes = len(shape) - 1
    weight, (groups,) = node.array("weight"), node.whole("groups", 1, 1)
    if weight.ndim != axes + 2:
        raise node.refusal(f"weight must have {axes + 2} axes [out, in, *kernel], got shape {weight.shape}.")
    if weight.shape[1] * groups != shape[0] or weight.shape[0] % groups:
        raise node.refusal(f"weight of shape {weight.shape} in {groups} groups does not fit {shape[0]} input channels.")
    if "input_shape" in node.values and node.shape("input_shape") != shape[1:]:
        raise node.refusal(f"input_shape is {node.shape('input_shape')}, what arrives has {shape[1:]}.")
    stride, dilation = node.whole("stride", axes, 1), node.whole("dilation", axes, 1)
    padding = _padding(node, weight.shape[2:], stride, dilation)
    layer: nn.Module
    if axes == 2 and dilation == (1, 1) and all(a == b for a, b in padding):
        (high, _), (wide, _) = padding
        kernel = (weight.shape[2], weight.shape[3])
        layer = Conv2d(shape[0], weight.shape[0], kernel, stride=_pair(stride), padding=(high, wide), groups=groups)
        layer.weight, layer.bias = _trained(weight), _trained(_bias(node, weight.shape[0]))
    else:
        bias = torch.as_tensor(_bias(node, weight.shape[0])).to(torch.get_default_dtype())
        layer = Convolution(_trained(weight).data, bias, stride, padding, dilation, groups)
    return layer


def _pool(node: Node, shape: Shape, setting: Setting) -> nn.Module:
    node.check_keys("kernel_size", "stride", "padding")
    kernel, stride, padding = (
        _pair(node.whole(k, 2, least)) for k, least in (("kernel_size", 1), ("stride", 1), ("padding", 0))
    )
    if padding == (0, 0):
        return (SumPool2d if node.kind == "SumPool2d" else AvgPool2d)(kernel, stride=stride)
    if node.kind == "AvgPool2d":
        raise node.refusal(f"padding is {padding}: NIR does not say whether the mean counts the zeros. Use padding 0.")
    if any(2 * p > k for p, k in zip(padding, kernel, strict=True)):
        raise node.refusal(f"padding {padding} is more than half of kernel_size {kernel}.")
    return PaddedSumPool2d(kernel, stride, padding)


def _flatten(node: Node, shape: Shape, setting: Setting) -> nn.Module:
    node.check_keys("input_type", "start_dim", "end_dim")
    counted = 0  # axes of a batch that the numbers count too
    if "input_type" in node.values:
        sizes = node.array("input_type").reshape(-1)
        counted = len(sizes) - len(shape)
        if counted not in (0, 1) or (sizes.any() and tuple(sizes[counted:]) != shape):
            raise node.refusal(f"input_type is {sizes.tolist()}, what arrives has shape {shape}.")
    ends = []
    for key, default in (("start_dim", 1), ("end_dim", -1)):
        end = node.array(key, default)
        if end.size != 1 or end != np.round(end):
            raise node.refusal(f"{key} must be one whole number, got {end.tolist()!r:.40}.")
        place = int(end.flat[0])
        place += len(shape) if place < 0 else -counted
        if not 0 <= place < len(shape):
            raise node.refusal(f"{key} is {int(end.flat[0])}, the input has the axes 0 to {len(shape) - 1 + counted}.")
        ends.append(place)
    first, last = ends
    if first > last:
        raise node.refusal(f"start_dim and end_dim name the axes {first} to {last}.")
    return Flatten() if (first, last) == (0, len(shape) - 1) else FlattenAxes(first, last)


def _scale(node: Node, shape: Shape, setting: Setting) -> nn.Module:
    node.check_keys("scale")
    return Scale(_trained(np.broadcast_to(node.per_neuron("scale", shape), shape)).data)


def _delay(node: Node, shape: Shape, setting: Setting) -> nn.Module:
    node.check_keys("delay")
    delay = np.asarray(node.per_neuron("delay", shape)) / setting.dt
    if delay.min() < 0 or delay.max() > 2**31:
        raise node.refusal(
            f"delay must lie between 0 s and 2^31 steps, got {delay.min() * setting.dt:g} to {delay.max() * setting.dt:g} s."
        )
    steps = np.round(delay)
    worst = np.abs(steps - delay).max()
    if worst > 1e-4:
        raise node.refusal(
            f"delay is no whole number of steps of {setting.dt:g} s (off by {worst:.2g} steps). Give load_nir a dt that divides it."
        )
    try:
        return Delay(torch.as_tensor(steps.astype(np.int64)), shape)
    except ValueError as error:
        raise node.refusal(str(error)) from error


PRIMITIVES: Mapping[str, Primitive] = {
    "Linear": Primitive(_linear, 1),
    "Affine": Primitive(_linear, 1),
    "Conv1d": Primitive(_convolution, 2),
    "Conv2d": Primitive(_convolution, 3),
    "SumPool2d": Primitive(_pool, 3),
    "AvgPool2d": Primitive(_pool, 3),
    "Flatten": Primitive(_flatten),
    "Scale": Primitive(_scale),
    "Delay": Primitive(_delay),
    **{kind: Primitive(read_neuron) for kind in MODELS},
}


def read_node(node: Node, shape: Shape, setting: Setting) -> tuple[nn.Module, Shape]:
    """The layer of a node for input [*N], and the shape [*M] of its output. Raises `BadFileError` naming the node."""
    row = PRIMITIVES.get(node.kind)
    if row is None:
        raise node.refusal(f"no layer of ours is this. Known are {', '.join(PRIMITIVES)}, Input, Output and NIRGraph.")
    if row.rank not in (None, len(shape)):
        flat = " A Flatten before it is missing." if row.rank == 1 else ""
        raise node.refusal(f"takes input of {row.rank} axes, what arrives has shape {shape}.{flat}")
    layer = row.read(node, shape, setting)
    after = output_shape(layer, shape)
    if min(after) < 1:
        raise node.refusal(f"input of shape {shape} is smaller than its window: the output would have shape {after}.")
    if math.prod(after) > MOST_VALUES:
        raise node.refusal(f"would put out {math.prod(after)} values a step, more than {MOST_VALUES}.")
    return layer, after


# ---- writing ---------------------------------------------------------------------------------------------------------


def write_node(layer: nn.Module, shape: Shape, dt: float | None) -> tuple[str, Fields]:
    """A layer without neurons as a primitive: its type and fields. Raises ValueError for what NIR cannot say."""
    wanted = _wanted(layer, shape)
    if wanted != shape:
        raise ValueError(f"takes input of shape {wanted}, what arrives has {shape}.")
    if type(layer) is Linear:
        weight = {"weight": _numbers(layer.weight)}
        return ("Linear", weight) if layer.bias is None else ("Affine", {**weight, "bias": _numbers(layer.bias)})
    if type(layer) is Conv2d:
        return "Conv2d", _convolved(layer, shape, layer.padding, (1, 1))
    if type(layer) is Convolution:
        if any(a != b for a, b in layer.padding):
            if set(layer.stride) != {1} or output_shape(layer, shape)[1:] != shape[1:]:
                raise ValueError(f"NIR pads both sides alike; the layer has padding {layer.padding}.")
            return f"Conv{len(layer.stride)}d", _convolved(layer, shape, "same", layer.dilation)
        return f"Conv{len(layer.stride)}d", _convolved(layer, shape, tuple(a for a, _ in layer.padding), layer.dilation)
    if type(layer) in (SumPool2d, AvgPool2d, PaddedSumPool2d) and isinstance(layer, SumPool2d | AvgPool2d):
        sizes = {"kernel_size": layer.kernel_size, "stride": layer.stride, "padding": getattr(layer, "padding", (0, 0))}
        kind = "AvgPool2d" if isinstance(layer, AvgPool2d) else "SumPool2d"
        return kind, {key: np.array(value) for key, value in sizes.items()}
    if type(layer) in (Flatten, FlattenAxes):
        first, last = (layer.first, layer.last) if isinstance(layer, FlattenAxes) else (0, len(shape) - 1)
        return "Flatten", {"input_type": np.array(shape), "start_dim": first, "end_dim": last}
    if type(layer) is Scale:
        if layer.bias is not None:
            raise ValueError(
                "NIR's Scale has no offset; a neuron's v_leak, or the bias of a Linear or Conv2d would map."
            )
        return "Scale", {"scale": _numbers(along_channels(layer.weight, len(shape)).expand(shape))}
    if type(layer) is Delay:
        if dt is None:
            raise ValueError(
                "NIR's delay is in seconds, and no neuron of the network says how long a step is. Give dt=."
            )
        return "Delay", {"delay": layer.steps.expand(shape).double().cpu().numpy() * dt}
    raise ValueError(_WHY.get(type(layer).__name__, "NIR has no primitive for it") + ".")


def _wanted(layer: nn.Module, shape: Shape) -> Shape:
    """`shape` where a layer can take it, else what it can take; -1 is any size."""
    if isinstance(layer, Linear):
        return (layer.in_features,)
    if isinstance(layer, Conv2d):
        return (layer.in_channels, *(shape[1:] if len(shape) == 3 else (-1, -1)))
    if isinstance(layer, SumPool2d | AvgPool2d) and len(shape) != 3:
        return (-1, -1, -1)
    return shape


_WHY = {
    "MaxPool2d": "NIR has no maximum pooling; AvgPool2d or SumPool2d with a neuron behind it would map",
    "MaxGate": "NIR has no maximum pooling; convert a network with nn.AvgPool2d in its place",
    "SegmentLinear": "its weights depend on the time within a sample, which NIR cannot say; Linear would map",
    "Delays": "NIR has no axis of delayed copies; Delay nodes, each with its own Linear, would map",
    "DendriticTree": "NIR has no dendrites",
}  # why a layer does not map, and what would


def _convolved(layer: Conv2d | Convolution, shape: Shape, padding: Any, dilation: Shape) -> Fields:
    one = len(layer.stride) == 1
    bias = torch.zeros(layer.weight.shape[0]) if layer.bias is None else layer.bias
    sizes = {"input_shape": shape[1:], "stride": layer.stride, "padding": padding, "dilation": dilation}
    found = {k: v if isinstance(v, str) else (int(v[0]) if one else np.array(v)) for k, v in sizes.items()}
    return {**found, "weight": _numbers(layer.weight), "groups": layer.groups, "bias": _numbers(bias)}


# ---- shared ----------------------------------------------------------------------------------------------------------


def _sizes(sizes: Any, kernel: Any, stride: Any, padding: Any, dilation: Any) -> Shape:
    rows = zip(sizes, kernel, stride, padding, dilation, strict=True)
    return tuple((n + a + b - d * (k - 1) - 1) // s + 1 for n, k, s, (a, b), d in rows)


def _padding(node: Node, kernel: Shape, stride: Shape, dilation: Shape) -> list[tuple[int, int]]:
    """Zeros before and after each axis."""
    given = node.values.get("padding")
    if isinstance(given, str) and given == "valid":
        return [(0, 0)] * len(kernel)
    if isinstance(given, str) and given == "same":
        if set(stride) != {1}:
            raise node.refusal(f"padding 'same' with stride {stride} has no meaning; give numbers.")
        whole = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        return [(n // 2, n - n // 2) for n in whole]
    return [(p, p) for p in node.whole("padding", len(kernel), 0)]


def _bias(node: Node, count: int) -> np.ndarray:
    bias = node.array("bias")
    if bias.shape != (count,):
        raise node.refusal(f"bias has shape {bias.shape}, expected ({count},), one an output of weight.")
    return bias


def _pair(values: Shape) -> tuple[int, int]:
    return values[0], values[1]


def _trained(values: np.ndarray) -> nn.Parameter:
    return nn.Parameter(torch.from_numpy(np.array(values)).to(torch.get_default_dtype()))


def _numbers(values: Tensor) -> np.ndarray:
    return values.detach().cpu().numpy().copy()

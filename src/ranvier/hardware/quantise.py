"""Weights on a grid: after training (`quantise`), and aware of it in training (`quantise_aware`)."""

import copy
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from ranvier.errors import RanvierError
from ranvier.hardware.grid import FakeQuantise, Grid
from ranvier.layers import Conv2d, Linear, Recurrent, SegmentLinear, Sequential

KNOWN = (Linear, Conv2d, SegmentLinear, Recurrent)


@dataclass(frozen=True)
class LayerQuantisation:
    """What became of one layer's weights. error: root mean square of the rounding, as a share of that of the weights."""

    layer: str
    name: str
    bits: int
    per: str
    weights: int
    scales: int
    error: float


@dataclass(frozen=True)
class Quantisation:
    """What `quantise` did to a network and what it assumed; printable, and plain values by `as_dict`."""

    layers: tuple[LayerQuantisation, ...]
    assumptions: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    def __str__(self) -> str:
        rows = [
            f"  layer {q.layer} ({q.name}): {q.weights} weights of {q.bits} bit, {q.scales} scale{'s' * (q.scales > 1)} (one a {q.per}), "
            f"error {100 * q.error:.2f} %"
            for q in self.layers
        ]
        return "\n".join(["quantised:", *rows, "assumed:", *(f"  {text}" for text in self.assumptions)])


@torch.no_grad()
def quantise(
    net: Sequential, bits: int | None = None, per: str | None = None, *, power_of_two: bool = False
) -> Sequential:
    """A copy of a network whose weights lie on a grid, still of the same layers, so that it runs in the compiled engine.

    bits: 8 by default; 2 to 8, or 16. per: "channel" (default) or "layer". power_of_two: scales are powers of two. See `Grid`. A network
    of `quantise_aware` gets the grid that it was trained with. Each layer keeps its scales as the buffer `weight_scale` and `weight_bits`;
    `quantisation(net)` tells errors and assumptions.

    Raises TypeError for what is no `Sequential`, ValueError for bits or per that are none, RanvierError for weights that are not finite, or
    a grid other than the one that the network was trained with.

    >>> net = quantise(Sequential(Linear(4, 3), rate=None), bits=4)
    >>> float((net[0].weight / net[0].weight_scale).abs().max()) <= 7.001
    True
    """
    wanted = Grid(8 if bits is None else bits, "channel" if per is None else per, power_of_two)
    _check(net, "quantise")
    result = copy.deepcopy(net)
    done: list[LayerQuantisation] = []
    for place, layer in weighted(result):
        grid, channel = wanted, channel_of(layer)
        trained = aware_grid(layer)
        if trained is not None:
            if (bits is not None or per is not None or power_of_two) and trained != wanted:
                raise RanvierError(
                    f"quantise: layer {place} was trained for {trained}, asked for are {wanted}. "
                    "Write quantise(net) to keep the grid of the training."
                )
            grid, before = trained, _take_off(layer)
        else:
            before = _weight(layer).detach().clone()
        if not bool(torch.isfinite(before).all()):
            raise RanvierError(
                f"quantise: the weights of layer {place} hold NaN or inf. Train again, or load other weights."
            )
        scale = grid.scale(before, channel)
        after = grid.codes(before, scale) * scale
        _weight(layer).copy_(after)
        layer.register_buffer("weight_scale", scale)
        marked: Any = layer
        marked.weight_bits = grid.bits
        lost = (after - before).square().sum().sqrt() / before.square().sum().sqrt().clamp(min=1e-30)
        name = type(layer).__name__
        done.append(LayerQuantisation(place, name, grid.bits, grid.per, after.numel(), scale.numel(), float(lost)))
    kept: Any = result
    kept._quantisation = Quantisation(tuple(done), tuple(_assumptions(result)))
    return result


def quantise_aware(net: Sequential, bits: int = 8, per: str = "channel", *, power_of_two: bool = False) -> Sequential:
    """A copy of a network that trains for a grid: every use sees the weights rounded (`FakeQuantise`); the fused engine runs it.

    Arguments as in `quantise`. Train the copy as any network, then `quantise(copy)` leaves the rounded weights alone. Biases and the
    parameters of the neurons are not rounded.

    >>> net = quantise_aware(Sequential(Linear(4, 3), rate=None), bits=4)
    >>> quantise(net)[0].weight.equal(net[0].weight)
    True
    """
    grid = Grid(bits, per, power_of_two)
    _check(net, "quantise_aware")
    result = copy.deepcopy(net)
    for place, layer in weighted(result):
        if parametrize.is_parametrized(layer, "weight"):
            raise RanvierError(
                f"quantise_aware: the weights of layer {place} have a parametrisation already. Give the plain network."
            )
        parametrize.register_parametrization(layer, "weight", FakeQuantise(grid, channel_of(layer)))
    return result


def quantisation(net: nn.Module) -> Quantisation:
    """What `quantise` did to this network. Raises RanvierError where it did nothing to it."""
    found = vars(net).get("_quantisation")
    if not isinstance(found, Quantisation):
        raise RanvierError(
            "quantisation: this network did not come from `quantise`. Write net = quantise(net, bits=8) first."
        )
    return found


def codes(layer: nn.Module, place: str = "") -> tuple[Tensor, Tensor, int] | None:
    """Whole codes (int64), scale and bits of a layer that `quantise` left; None for a layer in floating point.

    Raises RanvierError where the weights have been changed since, so that they are no multiples of the scale.
    """
    bits, scale = vars(layer).get("weight_bits"), layer._buffers.get("weight_scale")
    if bits is None or scale is None:
        return None
    ratio = _weight(layer).detach().double() / scale.double()
    whole = torch.round(ratio)
    if float((ratio - whole).abs().max()) > 1e-2 or float(whole.abs().max()) > 2 ** (bits - 1):
        raise RanvierError(
            f"layer {place}: the weights have left their grid of {bits} bit. Call quantise(net) again after training."
        )
    return whole.long(), scale.double(), bits


def weighted(net: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Layers whose weights the grid knows, with their place in the network, "2" or "2.0" for a network inside."""
    for name, layer in net.named_modules():
        if isinstance(layer, KNOWN):
            yield name.removeprefix("layers.").replace(".layers.", "."), layer


def channel_of(layer: nn.Module) -> int:
    """Axis of the output channels: the first, or the one behind the segments."""
    return 1 if isinstance(layer, SegmentLinear) else 0


def aware_grid(layer: nn.Module) -> Grid | None:
    """The grid that a layer's training is aware of."""
    if not parametrize.is_parametrized(layer, "weight"):
        return None
    held: Any = layer
    found = held.parametrizations["weight"]
    if len(found) == 1 and isinstance(found[0], FakeQuantise):
        return found[0].grid
    raise RanvierError(
        f"quantise: {type(layer).__name__}.weight has a parametrisation of another kind. Remove it with "
        'torch.nn.utils.parametrize.remove_parametrizations(layer, "weight").'
    )


def _take_off(layer: nn.Module) -> Tensor:
    """Removes our parametrisation, leaving a plain weight, and returns what was behind it.

    torch's own removal deletes the property from the class, which the original of a copied network shares.
    """
    held: Any = layer
    behind = held.parametrizations["weight"].original.detach().clone()
    del held.parametrizations
    held.__class__ = type(layer).__bases__[0]
    held.register_parameter("weight", nn.Parameter(behind.clone()))
    return behind


def _weight(layer: nn.Module) -> Tensor:
    held: Any = layer
    return held.weight


def _check(net: Any, where: str) -> None:
    if not isinstance(net, Sequential):
        raise TypeError(f"{where}: net must be a Sequential, got {type(net).__name__}. Write Sequential(layer, ...).")
    if not any(True for _ in weighted(net)):
        raise RanvierError(
            f"{where}: no layer has weights that can be quantised. Known: {', '.join(k.__name__ for k in KNOWN)}."
        )


def _assumptions(net: Sequential) -> Iterator[str]:
    yield "weights are symmetric about 0, rounded to the nearest code, clipped at the largest"
    yield "biases and the parameters of the neurons stay in floating point"
    covered = {id(p) for _, layer in weighted(net) for p in layer.parameters()}
    for place, layer in net.layers.named_children():
        if any(p.dim() > 1 and id(p) not in covered for p in layer.parameters()):
            yield f"layer {place} ({type(layer).__name__}): its matrices stay in floating point"

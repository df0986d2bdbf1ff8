"""Work of reservoirs of real numbers: no operation depends on a value, so that it follows from the sizes alone."""

from typing import Any

import numpy as np
import sympy
import torch
from torch import nn

from ranvier.energy.count import Count
from ranvier.energy.step import operations
from ranvier.errors import RanvierError
from ranvier.layers.cfc import CfC
from ranvier.layers.ltc import LTC
from ranvier.reservoirs import NVAR, Bucket, DeepEchoState, EchoState, LiquidTimeConstant
from ranvier.reservoirs.scan import Weights
from ranvier.training.reservoirs.body import Body


def _arithmetic(*expressions: Any) -> tuple[int, int]:
    """Additions and multiplications of one update; what does not change in time is a coefficient, so that equations stand here by their form."""
    adds, multiplies = zip(*map(operations, expressions), strict=True)
    return sum(adds), sum(multiplies)


a, b, c, d, e, f = sympy.symbols("a b c d e f")
# x <- (1 - leak) x + leak tanh(net + bias)
LEAKY, LEAKY_LINEAR = _arithmetic(a * b + c * sympy.tanh(d + e)), _arithmetic(a * b + c * (d + e))
SIGMOID = _arithmetic(1 / (1 + sympy.exp(a)))
# v <- (cm/h v + gleak vleak and drive) / (cm/h + gleak and conductance)
SEMI_IMPLICIT = _arithmetic((a * b + c + d) / (e + f))
SCALED_TANH = _arithmetic(a * sympy.tanh(b * c))
# h <- g + (q - g) sigmoid, of two tanh
GATED = _arithmetic(sympy.tanh(a), sympy.tanh(b), a + (b - a) / (1 + sympy.exp(-c * d - e)))
# u+ <- u, u-, four neighbours, and what is missing
WAVE = _arithmetic(a * b - c * d + e * (a + b + c + d) - f)


def real(model: Any, steps: int) -> Body:
    """Work of so many steps. Raises `RanvierError` for a reservoir whose work is not known."""
    if isinstance(model, EchoState | DeepEchoState):
        return _echo([model.weights_] if isinstance(model, EchoState) else model.layers_, steps)
    if isinstance(model, LiquidTimeConstant):
        return _cell(model, steps)
    if isinstance(model, Bucket):
        return _bucket(model, steps)
    if isinstance(model, NVAR):
        return _nvar(model, steps)
    raise RanvierError(
        f"{type(model).__name__}: its work cannot be counted. Known: EchoState, DeepEchoState, liquids, LiquidTimeConstant, Bucket, NVAR."
    )


def _echo(layers: list[Weights], steps: int) -> Body:
    """Input and recurrent synapses in every step, and the units behind them."""
    counts = []
    for k, w in enumerate(layers, 1):
        adds, multiplies = LEAKY_LINEAR if w.linear else LEAKY
        synapses = w.win.size + int(np.count_nonzero(w.weight))
        counts.append(_dense(f"layer {k}", "tanh units", w.win.shape[1] + w.units, synapses, steps))
        counts.append(
            Count(f"layer {k}", "updates", updates=w.units * steps, states=1, adds=adds, multiplies=multiplies)
        )
    held = sum(part.nbytes for w in layers for part in (w.win, w.bias, w.weight, w.source, w.leak))
    return Body("1 reservoir", sum(w.units for w in layers), counts, steps, held)


def _cell(model: LiquidTimeConstant, steps: int) -> Body:
    cell: Any = model.network
    counts = _ltc(cell, steps) if isinstance(cell, LTC) else _cfc(cell, steps)
    held, learned = (sum(x) for x in zip(*((p.nbytes, p.numel()) for p in cell.parameters()), strict=True))
    return Body(f"1 {model.cell}", cell.size, counts, steps, held, learned)


def _ltc(cell: LTC, steps: int) -> list[Count]:
    """A synapse w sigmoid(sigma (u - mu)) (erev - v) counts as a multiply-accumulate for each of its four numbers, and a sigmoid.

    Those from the input are computed once a step, those among the units in each of the integrator's.
    """
    linked = torch.count_nonzero(cell.w, 1)
    synapses = int(linked[: cell.in_features].sum()) + cell.unfolds * int(linked[cell.in_features :].sum())
    senders = cell.in_features + cell.unfolds * cell.size
    return [
        _dense("synapses", "of conductance", senders, 4 * synapses, steps),
        Count("synapses", "sigmoids", updates=synapses * steps, adds=SIGMOID[0], multiplies=SIGMOID[1]),
        Count(
            "units", "LTC", updates=cell.size * cell.unfolds * steps, states=1, adds=SEMI_IMPLICIT[0], multiplies=SEMI_IMPLICIT[1]
        ),
    ]  # fmt: skip


def _cfc(cell: CfC, steps: int) -> list[Count]:
    """Linear maps, and the functions of what they give."""
    counts = []
    for k, layer in enumerate([*cell.backbone, cell.heads]):
        assert isinstance(layer, nn.Linear)
        linked: Any = getattr(layer, "linked", None)  # of a wiring
        synapses = layer.weight.numel() if linked is None else int(torch.count_nonzero(linked))
        last = layer is cell.heads
        counts.append(_dense("heads" if last else f"backbone {k}", "Linear", layer.in_features, synapses, steps))
        if not last:
            adds, multiplies = SCALED_TANH
            counts.append(
                Count(f"backbone {k}", "tanh", updates=layer.out_features * steps, adds=adds, multiplies=multiplies)
            )
    adds, multiplies = GATED
    return [*counts, Count("units", "CfC", updates=cell.size * steps, states=1, adds=adds, multiplies=multiplies)]


def _bucket(model: Bucket, steps: int) -> Body:
    """Every cell of the surface, step by step, as a computer does it; water would do it alone."""
    cells, each = int(np.prod(model.shape)), round(model.step / model.dt)
    counts = [
        _dense("motors", "push", model.features_, model.features_, steps),
        Count("surface", "waves", updates=cells * steps * each, states=2, adds=WAVE[0], multiplies=WAVE[1]),
    ]
    return Body("1 bucket", cells, counts, steps * each, 2 * 8 * cells)


def _nvar(model: NVAR, steps: int) -> Body:
    """The products of every row; values of the past are kept and copied."""
    counts = [
        Count("products", f"of {products.shape[1]}", updates=len(products) * steps, multiplies=products.shape[1] - 1)
        for products in model._products
    ]
    held = sum(products.nbytes for products in model._products) + 8 * (model._least_washout() + 1) * model.features_
    return Body("1 products", model._columns, counts, steps, held)


def _dense(place: str, name: str, inputs: int, synapses: int, steps: int) -> Count:
    """A layer that real numbers come into: a multiply-accumulate a synapse and step."""
    return Count(
        place, name, inputs, synapses, events=inputs * steps, multiplications=synapses * steps, values=inputs * steps
    )

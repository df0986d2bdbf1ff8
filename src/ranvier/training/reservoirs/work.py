"""What a reservoir and its readout did on samples, counted for people and for prices."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from ranvier.energy import Counts
from ranvier.energy.count import Count
from ranvier.reservoirs import Equidistant, LiquidState, Mean
from ranvier.training.measure import LayerWork
from ranvier.training.reservoirs.body import Body
from ranvier.training.reservoirs.real import real
from ranvier.training.reservoirs.spiking import liquid


def worked(model: Any, rows: Sequence[np.ndarray]) -> tuple[list[LayerWork], Counts, int]:
    """Work on sequences [T, features]: reservoir and readout, every layer of both, and the passes a sample of a model without spikes.

    Without spikes each synapse would be computed once a row, not once a step of the simulation: a liquid whose spikes were left out would be an echo
    state network with its synapses. The readout works once a sample, on what pooling makes of the states.
    """
    samples, steps = len(rows), sum(map(len, rows))
    passes = max(1, round(steps / samples))
    body = liquid(model, rows) if isinstance(model, LiquidState) else real(model, steps)
    spiking = body.spikes is not None
    found = [_layer(body, passes * samples if spiking else None), _readout(model, samples)]
    counts = [*body.counts, *_pooling(model, steps), _readout_count(model, samples)]
    coefficients = model.readout_.coef_.nbytes + model.readout_.intercept_.nbytes
    return found, Counts(counts, samples, round(body.steps / samples), body.footprint + coefficients, spiking), passes


def _layer(body: Body, passes: int | None) -> LayerWork:
    """passes: dense ones over all samples; None where nothing spikes, and what is done is what is dense."""
    operations = float(sum(c.additions + c.multiplications for c in body.counts))
    return LayerWork(
        body.name,
        body.learned,
        body.units,
        fires=body.spikes is not None,
        spikes=torch.zeros(1) if body.spikes is None else torch.from_numpy(body.spikes),
        steps=body.steps,
        operations=operations,
        dense=operations if passes is None else float(passes * sum(c.synapses for c in body.counts)),
        analog=body.spikes is None,
    )


def _readout(model: Any, samples: int) -> LayerWork:
    weights, bias = model.readout_.coef_, model.readout_.intercept_
    products = float(weights.size * samples)
    return LayerWork(
        "2 readout", weights.size + bias.size, len(weights), fires=False, steps=samples, operations=products, dense=products, analog=True
    )  # fmt: skip


def _readout_count(model: Any, samples: int) -> Count:
    classes, columns = model.readout_.coef_.shape
    values = columns * samples
    return Count(
        "readout", type(model.readout_).__name__, inputs=columns, synapses=classes * columns, events=values, multiplications=classes * values,
        values=values, once=True,
    )  # fmt: skip


def _pooling(model: Any, steps: int) -> list[Count]:
    """Means over stretches of time are sums: each state is added to one in every row. Picking states costs nothing."""
    pooling = model.pooling_
    if isinstance(pooling, Mean) or (isinstance(pooling, Equidistant) and pooling.segments):
        columns = model.readout_.coef_.shape[1] // (pooling.count if isinstance(pooling, Equidistant) else 1)
        return [Count("pooling", type(pooling).__name__, updates=columns * steps, states=1, adds=1)]
    return []

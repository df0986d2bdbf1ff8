"""One way to ask a rule: given spikes before and behind its synapses, by `train` (the rule's text) and by a `Network` (its kernels)."""

import numpy as np
import torch

import ranvier as rv
from ranvier.plasticity import Rule, Trained, train

DT = 1e-3


def dense(steps: int, spikes: list[list[int]]) -> torch.Tensor:
    """[T, 1, N] of the steps in which each neuron fires."""
    x = torch.zeros(steps, 1, len(spikes), dtype=torch.float64)
    for j, own in enumerate(spikes):
        x[own, 0, j] = 1
    return x


def single(rule: Rule, pre: list[int], post: list[int], steps: int, weight: float = 0.0, **more) -> Trained:
    """One synapse."""
    start = torch.tensor([[weight]], dtype=torch.float64)
    return train(start, dense(steps, [pre]), dense(steps, [post]), rule, DT, **more)


def network(
    rules: list[Rule], pre: list[list[int]], post: list[list[int]], weight: object = 0.0, pattern: object = None, dtype: torch.dtype = torch.float64
) -> rv.Network:  # fmt: skip
    """Neurons that fire when they are told to, one step later, and plastic synapses that hear of both in one step.

    What a plastic synapse adds is far below the threshold of 100, and gone in the next step.
    """
    net = rv.Network(dt=DT, seed=1, dtype=dtype)
    a, b = (
        net.add(max(1, len(x)), rv.SpikeSource([(t + 0.5) * DT for own in x for t in own], [j for j, own in enumerate(x) for _ in own]))
        for x in (pre, post)
    )  # fmt: skip
    cells = net.add(
        len(post), rv.LIF(dt=DT, tau_mem=DT / np.log(2), v_threshold=100.0, input=rv.ImpulseInput()), "cells"
    )
    net.connect(b, cells, rv.OneToOne(), weight=1000.0)
    for rule in rules:
        net.connect(a, cells, pattern, weight=weight, plasticity=rule)
    return net


def plastic(net: rv.Network) -> list:
    return [p for p in net.projections if p.plasticity is not None]


def states(net: rv.Network, k: int = 0) -> np.ndarray:
    """Weight and traces of the synapses of the k-th plastic projection, [synapses, 1 + traces], up to date."""
    engine = net.build()._engine
    assert engine is not None
    bundle = [b for b, _ in engine.learning.projections()][k]
    found = engine.learning.up_to_date(engine.step, engine.parts, engine.data, engine.populations, engine.cuts)
    return engine.learning.states_of(bundle, found)

"""Operations of a simulated network: populations, projections, and what drives them from outside."""

import numpy as np
from torch import Tensor

from ranvier.energy.count import Count, Counts
from ranvier.energy.step import counted
from ranvier.simulation.network import Network
from ranvier.simulation.population import Population
from ranvier.simulation.projection import Drive, Projection
from ranvier.simulation.run import Run
from ranvier.spikes import Events


def count_run(network: Network, run: Run | Tensor | Events) -> Counts:
    """What a run of a network did, one row a projection, a drive and a population; one sample of as many steps as it took.

    A spike makes an addition for each synapse of its neuron, counted from the wiring itself. Impulses of a drive are their expected number,
    each an addition over a synapse of its own; noise adds a multiplication and an addition to each neuron step. The rows of plastic
    projections count visits to synapses, which read and write the weight and its traces: one for each synapse that a presynaptic spike
    reaches, and the mean fan-in for each postsynaptic spike where the rule hears of those. The rule's arithmetic and the drawing of random
    numbers are left out.

    Raises TypeError for what is no run, ValueError where it is one of another network.
    """
    if not isinstance(run, Run):
        raise TypeError(
            f"estimate: of a Network give a run of it, got {type(run).__name__}. Write estimate(net, net.run(1.0))."
        )
    if run.populations != tuple(network.populations):
        raise ValueError("estimate: the run is not one of this network. Write estimate(net, net.run(1.0)).")
    network.build()
    steps = round(run.duration / run.dt)
    spikes = {p: run.counts(p) for p in run.populations}
    rows: list[Count] = []
    for c in network.projections:
        rows += _projection(c, network.seed, spikes)
    rows += [_drive(d, run) for d in network.drives if d.rate is not None]
    for p in network.populations:
        if not p.is_source:
            noise = sum(d.post is p and d.rate is None for d in network.drives)
            rows.append(_population(network, p, steps, noise))
    return Counts(rows, 1, steps, _footprint(network))


def _projection(c: Projection, seed: int, spikes: dict[Population, np.ndarray]) -> list[Count]:
    fan_out = np.diff(c.wired(seed).starts)
    synapses = int(fan_out.sum())
    sent, reached = int(spikes[c.pre].sum()), int((spikes[c.pre] * fan_out).sum())
    rows = [Count(c.name, "synapses", inputs=c.pre.n, synapses=synapses, events=sent, additions=reached)]
    if c.plasticity is not None:
        after = int(spikes[c.post].sum()) if "on_post" in c.plasticity.declared.methods else 0
        visits = reached + round(after * synapses / c.post.n)
        kept = 1 + len(c.plasticity.declared.traces)
        rows.append(Count(c.name, type(c.plasticity).__name__, updates=visits, states=kept))
    return rows


def _drive(d: Drive, run: Run) -> Count:
    impulses = round(d.expected(run.begin, run.end, run.dt) * d.post.n)
    return Count(d.name, "drive", inputs=d.post.n, synapses=d.post.n, events=impulses, additions=impulses)


def _population(network: Network, p: Population, steps: int, noise: int) -> Count:
    """A population with the synapses that end on it, whose states are states of its neurons."""
    assert network._engine is not None
    placed = network._engine.placed[p.number]
    assert placed.loop is not None
    adds, multiplies = counted(placed.loop.program)
    return Count(
        p.name, type(p.model).__name__, updates=p.n * steps, states=len(placed.states), adds=adds + noise, multiplies=multiplies + noise,
    )  # fmt: skip


def _footprint(network: Network) -> int:
    """Bytes of synapses and states, as the simulator keeps them."""
    engine = network._engine
    assert engine is not None
    rows = engine.rows
    return sum(a.nbytes for a in (rows.targets, rows.weights, rows.states, engine.data))

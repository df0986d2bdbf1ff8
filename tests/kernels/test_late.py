"""Ports that a state takes up after the step: found where nothing else depends on them, and only there."""

from dataclasses import replace
from functools import partial

import numpy as np
import sympy
import torch

import ranvier as rv
from ranvier.equations.lowering import Loop, lower
from ranvier.equations.program import Assign
from ranvier.kernels.cpu.late import taken_up, without
from ranvier.simulation.receptors import Receptor, joined

DT = 1e-4
EXCITATION, ALPHA = rv.ExponentialSynapse(dt=DT, tau=5e-3), rv.AlphaSynapse(dt=DT, tau=5e-3)


def loop_of(neuron: rv.neurons.Neuron, *receptors: Receptor) -> Loop:
    return lower(joined(neuron, receptors, DT)[0].program)


def name(loop: Loop, k: int) -> tuple[str, int] | None:
    found = taken_up(loop, k)
    return None if found is None else (str(loop.states[found[0]]), found[1])


def test_synapses_with_states_of_their_own() -> None:
    loop = loop_of(rv.LIF(dt=DT), Receptor(EXCITATION), Receptor(ALPHA))
    assert name(loop, 0) == ("i_exponential", 1)
    at_once = without(loop, [0])
    read = {str(s) for line in at_once.statements if isinstance(line, Assign) for s in line.value.free_symbols}
    assert taken_up(at_once, 0) is None and "port0" not in read and "port1" in read


def test_conductances_take_up_negative_impulses_with_a_minus() -> None:
    loop = loop_of(rv.ConductanceLIF(dt=DT), Receptor(None, 1), Receptor(None, -1))
    assert name(loop, 0) == ("g_exc", 1) and name(loop, 1) == ("g_inh", -1)


def test_impulses_on_a_membrane_that_may_fire_are_not_late() -> None:
    assert taken_up(loop_of(rv.LIF(dt=DT, input=rv.ImpulseInput()), Receptor(None)), 0) is None


def test_a_state_that_the_step_reads_afterwards_is_not_late() -> None:
    loop = loop_of(rv.LIF(dt=DT), Receptor(EXCITATION))
    found = taken_up(loop, 0)
    assert found is not None
    after = loop.program.after[loop.states[found[0]]]
    more = replace(loop, statements=(*loop.statements, Assign(sympy.Symbol("more"), 2 * after)))
    assert taken_up(more, 0) is None


def test_states_are_the_same_whether_impulses_come_late_or_not() -> None:
    """Synapses of a rule are looked at before the step, so that their port has a field of its own, even if the rule changes nothing."""

    still = partial(rv.plasticity.PairSTDP, a_plus=0.0, a_minus=0.0)

    def run(learns: bool) -> tuple[rv.Run, rv.Network]:
        net = rv.Network(dt=DT, seed=3, dtype=torch.float64)
        noise = net.add(40, rv.PoissonSource(80), "noise")
        cells = net.add(30, rv.ConductanceLIF(dt=DT, refractory=rv.Clamp(2e-3)), "cells")
        other = net.add(130, rv.LIF(dt=DT, r=1e8, v_leak=0.9), "other")
        for pre, post, weight, synapse in (
            (noise, cells, 9e-9, None), (cells, other, 2e-9, EXCITATION), (other, cells, -4e-9, None),
        ):  # fmt: skip
            rule = still(w_min=min(weight, 0.0), w_max=max(weight, 0.0)) if learns else None
            net.connect(
                pre, post, rv.FixedProbability(0.4), weight=weight, delay=1e-3, synapse=synapse, plasticity=rule
            )
        net.drive(other, rate=500, weight=2e-9, synapse=EXCITATION)
        for population, states in ((cells, ("g_exc", "g_inh", "v")), (other, ("i_exponential", "v"))):
            for state in states:
                net.record(population, state)
        return net.run(0.2), net

    late, net = run(False)
    assert [p.layout.held for p in net._engine.placed] == [(), (), ()]
    early, net = run(True)
    assert [p.layout.held for p in net._engine.placed] == [(), (0, 1), (0,)]
    assert len(late.spikes()[0]) > 1000
    assert all(np.array_equal(a, b) for a, b in zip(late.spikes(), early.spikes(), strict=True))
    for place, (_, values) in late.traces.items():
        same = next(v for (p, s), (_, v) in early.traces.items() if (p.name, s) == (place[0].name, place[1]))
        np.testing.assert_allclose(values, same, rtol=1e-9, atol=0)

"""Synaptic currents of a population and the local field potential that they stand for."""

import numpy as np
import pytest
import torch

import ranvier as rv
from ranvier.analysis import exponential, reference_weighted_sum
from ranvier.simulation.currents import ports_of
from ranvier.simulation.memory import place
from ranvier.units import Mohm, ms, mV, nS, pA

DT = 1e-4


def noisy(cell, **synapses):
    net = rv.Network(dt=DT, seed=1, dtype=torch.float64)
    e, i = (net.add(60, rv.PoissonSource(50), name, excitatory=sign) for name, sign in (("e", True), ("i", False)))
    cells = net.add(20, cell, "cells")
    for pre, weight in ((e, 1.0), (i, -1.0)):
        scale, synapse = synapses[pre.name]
        net.connect(pre, cells, weight=weight * scale, synapse=synapse)
    return net, cells


def test_conductances_times_their_distance_from_the_reversal_potential():
    net, cells = noisy(rv.ConductanceLIF(dt=DT), e=(0.5 * nS, None), i=(1 * nS, None))
    net.record(cells, "currents", every=1 * ms)
    for state in ("v", "g_exc", "g_inh"):
        net.record(cells, state, every=1 * ms)
    run = net.run(0.1)
    times, currents = run.trace(cells, "currents")
    v, g_exc, g_inh = (run.trace(cells, state)[1] for state in ("v", "g_exc", "g_inh"))
    np.testing.assert_allclose(times, np.arange(1, 101) * ms)
    np.testing.assert_allclose(currents[:, 0], (g_exc * (0 - v)).sum(1), rtol=1e-9)
    np.testing.assert_allclose(currents[:, 1], (g_inh * (-80 * mV - v)).sum(1), rtol=1e-9)
    at, lfp = run.lfp(cells)
    np.testing.assert_array_equal(at, times)
    np.testing.assert_allclose(lfp, reference_weighted_sum(currents[:, 0], currents[:, 1], dt=1 * ms))


@pytest.mark.thorough
def test_currents_of_synapses_on_some_neurons_however_a_run_is_cut():
    cell = rv.LIF(dt=DT, tau_mem=20 * ms, r=torch.linspace(50, 150, 20).double() * Mohm, v_threshold=20 * mV)
    both = {"e": (10 * pA, rv.AlphaSynapse(tau=2 * ms)), "i": (10 * pA, rv.ExponentialSynapse(tau=5 * ms))}
    net, cells = noisy(cell, **both)
    net.record(cells[5:10], "currents", every=0.5 * ms)
    net.record(cells[5:10], "i_alpha", every=0.5 * ms)
    net.record(cells[5:10], "i_exponential", every=0.5 * ms)
    run = net.run(0.05)
    currents = run.trace(cells[5:10], "currents")[1]
    for k, state in enumerate(("i_alpha", "i_exponential")):
        np.testing.assert_allclose(currents[:, k], run.trace(cells[5:10], state)[1].sum(1), rtol=1e-6, atol=1e-18)
    again, same = noisy(cell, **both)
    again.record(same[5:10], "currents", every=0.5 * ms)
    pieces = [again.run(t).trace(same[5:10], "currents")[1] for t in (0.0123, 0.0377)]
    np.testing.assert_array_equal(np.concatenate(pieces), currents)
    assert again.run(0).trace(same[5:10], "currents")[1].shape == (0, 2)
    with pytest.raises(ValueError, match=r"Run\.lfp: 0 samples of the currents of cells\[5:10\] are too few"):
        again.run(0).lfp(same[5:10])


class Leaky(rv.Neuron):
    """A conductance on a membrane that takes no current."""

    tau: rv.units.Time = rv.parameter(10 * ms)
    scale: rv.units.Conductance = rv.parameter(1 * nS)
    v_rest: rv.units.Voltage = rv.parameter(1.0)
    v: rv.units.Voltage = rv.state(0.0)
    g: rv.units.Conductance = rv.state(0.0)

    default_drive = rv.ImpulseInput()

    def dynamics(self, s):
        return {"v": (self.v_rest - s.v) * s.g / (self.scale * self.tau), "g": -s.g / self.tau}

    def receive(self, s, x: rv.units.Conductance):
        return {"g": s.g + x}

    def threshold(self, s):
        return s.v - self.v_rest


def placed(net):
    inputs = [*net.projections, *net.drives]
    return place(net.populations, inputs, DT, np.dtype(np.float64))[0][-1], inputs, DT


@pytest.mark.parametrize(
    ("cell", "synapse", "words"),
    [
        (rv.LIF(dt=DT, input=rv.ImpulseInput()), None, r"act on the membrane of cells at once, so there are no .*Connect it with a synapse"),
        (rv.LIF(dt=DT), None, "act on the membrane of cells at once"),
        (rv.CubaLIF(dt=DT), None, "excitation and inhibition of cells add up in one synaptic current, and cannot be told apart"),
        (rv.LIF(dt=DT), rv.ExponentialSynapse(), "excitation and inhibition of cells add up in one synaptic current"),
    ],
)  # fmt: skip
def test_currents_that_cannot_be_told_are_refused(cell, synapse, words):
    net, cells = noisy(cell, e=(1e-9, synapse), i=(1e-9, synapse))
    with pytest.raises(ValueError, match=words):
        ports_of(*placed(net))


def test_inputs_of_one_sign_and_of_both():
    for connect, groups in (
        (lambda net, e, p: net.connect(e, p, weight=[0.5] * 18), 1),
        (lambda net, e, p: net.connect(e, p, weight=rv.simulation.Uniform(0.0, 1.0)), 1),
        (lambda net, e, p: net.drive(p, 10.0, 1.0), 1),
        (lambda net, e, p: net.noise(p, 1.0), 0),
        (lambda net, e, p: net.connect(e, p, weight=rv.simulation.Normal(0.0, 1.0)), 0),
    ):
        net = rv.Network(dt=DT)
        e, p = net.add(6, rv.PoissonSource(10)), net.add(3, rv.CubaLIF(dt=DT), "cells")
        connect(net, e, p)
        if groups:
            found = ports_of(*placed(net))
            assert found.groups == (frozenset({"i"}),)
            assert found.of({"v": torch.zeros(3), "i": torch.ones(3)})[0].tolist() == [1, 1, 1]  # it is a current
        else:
            with pytest.raises(ValueError, match="excitation and inhibition of cells add up"):
                ports_of(*placed(net))
    net, cells = noisy(Leaky(dt=DT), e=(1e-9, None), i=(-1e-9, None))
    with pytest.raises(
        ValueError, match="Leaky takes no current in its dynamics, so its synaptic currents have no scale"
    ):
        for population in net.populations[:2]:
            population.excitatory = True
        ports_of(*placed(net))


def test_the_rate_of_a_population_smoothed():
    net = rv.Network(seed=1, dtype=torch.float64)
    noise = net.add(500, rv.PoissonSource(50), "noise")
    run = net.run(0.3)
    times, plain = run.population_rate(noise, 1 * ms)
    same, smooth = run.population_rate(noise, 1 * ms, width=10 * ms)
    np.testing.assert_array_equal(times, same)
    assert smooth.std() < plain.std() / 3 and smooth.mean() == pytest.approx(plain.mean(), rel=0.02)
    late = run.population_rate(noise, 1 * ms, width=10 * ms, kernel=exponential)[1]
    assert late[0] == pytest.approx(plain[0])  # looks back, and there is nothing before
    with pytest.raises(ValueError, match=r"Run\.population_rate: width must be a time above 0 s, got 0"):
        run.population_rate(noise, width=0.0)

"""BCM: the golden fixed point, and the thresholds that pair and triplet STDP have."""

from typing import Any

import numpy as np
import pytest
import torch
from tests.plasticity.protocol import single

import ranvier as rv
from ranvier.neurons import Neuron
from ranvier.plasticity import BCM, CentredSTDP, GradedBCM, PairSTDP, TripletSTDP
from ranvier.units import Dimensionless, Hz, Time, ms

DT = 1e-3


class Forgetful(Neuron):
    """Its potential is what arrived in the step."""

    memory: Time = rv.parameter(20e-6)
    v: Dimensionless = rv.state(0.0)

    def dynamics(self, s: Any, i: Dimensionless) -> Any:
        return {"v": (i - s.v) / self.memory}

    def receive(self, s: Any, x: Dimensionless) -> Any:
        return {"v": s.v + x}

    def threshold(self, s: Any) -> Any:
        return s.v - 100

    def reset(self, s: Any) -> Any:
        return {"v": 0}


@pytest.mark.thorough
def test_golden_fixed_point_of_two_patterns():
    """w (0.6, 0.5), eta 1e-3, theta rate 0.01, 60,000 patterns: the neuron answers 2 to one pattern and 0 to the other. A pattern is a spike of its input."""
    rng = np.random.default_rng(1)
    which = rng.integers(0, 2, 60_000)
    short = DT / 50  # what a step leaves is gone in the next
    rule = GradedBCM(eta=1e-3 * short / DT, tau_x=short, tau_theta=DT / 0.01, w_max=10.0)
    net = rv.Network(dt=DT, dtype=torch.float64)
    source = net.add(2, rv.SpikeSource((np.arange(60_000) + 0.5) * DT, which))
    cell = net.add(1, Forgetful(dt=DT, memory=short, input=rv.ImpulseInput()))
    synapses = net.connect(source, cell, weight=np.array([0.6, 0.5]), pattern=rv.Pairs([0, 1], [0, 0]), plasticity=rule)
    net.run(60_001 * DT)
    assert net.weights(synapses).weight == pytest.approx([2.0, 0.0], abs=0.01)


def test_without_input_or_without_an_answer_nothing_is_learned():
    assert single(BCM(), [], [5, 9], 40, 0.5).weight.item() == 0.5
    assert single(BCM(), [5, 9], [], 40, 0.5).weight.item() == 0.5
    assert single(BCM(), [5], [7], 40, 0.5).weight.item() > 0.5  # theta is still low


def test_theta_goes_to_the_mean_square_of_the_rate_over_its_target():
    """A regular train of 50 Hz, tau_y 20 ms, read at the ends of steps, mean over a period of 20 steps."""
    found = single(BCM(tau_theta=100 * ms, target=10 * Hz), [], list(range(0, 800, 20)), 800).state["theta"].item()
    y = 50 * np.exp(-np.arange(20) / 20) / (1 - np.exp(-1))
    assert found == pytest.approx((y**2).mean() / 10, rel=0.12)


def drift(rule, rates, duration, dt=DT, seed=1):
    """Mean change a second of synapses between 20 independent Poisson neurons at 20 Hz and 20 at each of the rates."""
    rng = np.random.default_rng(seed)
    steps, n = round(duration / dt), 20
    pre = rng.random((n, steps)) < 20 * dt
    at, who = np.nonzero(pre.T)
    net = rv.Network(dt=dt, dtype=torch.float64)
    source = net.add(n, rv.SpikeSource((at + 0.5) * dt, who))
    post = rng.random((len(rates) * n, steps)) < np.repeat(rates, n)[:, None] * dt
    at, who = np.nonzero(post.T)
    told = net.add(len(post), rv.SpikeSource((at + 0.5) * dt, who))
    cells = net.add(len(post), rv.LIF(dt=dt, tau_mem=dt, v_threshold=1e5, input=rv.ImpulseInput()))
    net.connect(told, cells, rv.OneToOne(), weight=1e6)
    synapses = net.connect(source, cells, weight=0.0, plasticity=rule)
    net.run((steps + 1) * dt)
    w = net.weights(synapses)
    return np.bincount(w.post // n, w.weight) / np.bincount(w.post // n) / duration


WIDE = {"w_min": -1e4, "w_max": 1e4}
CENTRED = CentredSTDP(a_plus=1.0, a_minus=0.5, tau_plus=20 * ms, tau_minus=100 * ms, **WIDE)
TRIPLET = TripletSTDP(**WIDE)


def test_thresholds_in_closed_form():
    up, down, tau, tau_d = 1.0, -0.5, 0.02, 0.1
    assert -(up / tau_d + down / tau) / (up + down) == pytest.approx(30)
    assert TRIPLET.a2_minus * TRIPLET.tau_minus / (TRIPLET.a3_plus * TRIPLET.tau_plus * TRIPLET.tau_y) == pytest.approx(
        19.22, abs=0.005
    )


@pytest.mark.thorough
@pytest.mark.parametrize(("rule", "threshold"), [(CENTRED, 30.0), (TRIPLET, 19.22)], ids=["centred", "triplet"])
def test_golden_threshold_between_depression_and_potentiation(rule, threshold):
    """Poisson pairs: the rate at which the change a second changes its sign, within 10 %. Nearest neighbours: of each presynaptic spike."""
    rates = np.array([0.7, 0.85, 1.15, 1.3]) * threshold
    # a straight line crosses zero at the threshold (nearly one, for nearest neighbours); dt matters where a pair in one step uses up a trace
    change = drift(rule, rates, 60.0, dt=0.25 * ms) / rates
    assert change[0] < 0 < change[-1]
    slope, offset = np.polyfit(rates, change, 1)
    assert -offset / slope == pytest.approx(threshold, rel=0.1)


@pytest.mark.thorough
def test_pair_stdp_has_no_threshold():
    """All-to-all: the change has the sign of a_plus tau_plus - a_minus tau_minus at any rate."""
    assert (drift(PairSTDP(a_minus=0.02, **WIDE), np.array([10.0, 30.0, 60.0]), 100.0) < 0).all()

"""The compiled engine against a plain simulator: small random networks, any number of threads, any cut of a run."""

import platform

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.simulation.reference import PlainLIF, PlainSynapses, listed, simulate

import ranvier as rv
from ranvier.simulation import engine
from ranvier.units import ms, nS

DT = 1e-4
STEPS = 120
# multiples of a power of two: sums of them are exact in any order, so that threshold ties cannot tell two right answers apart
WEIGHTS = st.integers(-8, 24).map(lambda k: k / 32)


@st.composite
def networks(draw):
    sizes = draw(st.lists(st.integers(1, 200), min_size=1, max_size=3))
    refractory = draw(st.integers(0, 5))
    projections = []
    for _ in range(draw(st.integers(0, 5))):
        pre, post = draw(st.integers(0, len(sizes))), draw(st.integers(0, len(sizes) - 1))
        count = draw(st.integers(0, 60))
        n = 5 if pre == len(sizes) else sizes[pre]
        rng = np.random.default_rng(draw(st.integers(0, 2**31)))
        same = draw(st.booleans())
        weights = np.full(count, draw(WEIGHTS)) if same else rng.integers(-8, 24, count) / 32
        projections.append(
            (
                pre,
                post,
                rng.integers(0, n, count),
                rng.integers(0, sizes[post], count),
                weights,
                rng.integers(1, 40, count),
                same,
            )
        )
    times = draw(st.lists(st.tuples(st.integers(0, STEPS - 1), st.integers(0, 4)), max_size=80))
    return sizes, refractory, projections, times


def built(case, seed=0):
    """The network, its last population being a source of five neurons."""
    sizes, refractory, projections, times = case
    net = rv.Network(dt=DT, seed=seed, dtype=torch.float64)
    cell = rv.LIF(
        dt=DT,
        tau_mem=DT / np.log(2),
        v_threshold=1.0,
        v_reset=0.0,
        input=rv.ImpulseInput(),
        refractory=rv.Clamp(refractory * DT),
    )
    populations = [net.add(n, cell, f"p{k}") for k, n in enumerate(sizes)]
    at = [(t + 0.5) * DT for t, _ in times]
    populations.append(net.add(5, rv.SpikeSource(at, [j for _, j in times]), "source"))
    for pre, post, a, b, weights, delays, same in projections:
        net.connect(
            populations[pre], populations[post], rv.Pairs(a, b),
            weight=float(weights[0]) if same and len(weights) else weights, delay=delays * DT,
        )  # fmt: skip
    return net


def expected(case):
    sizes, refractory, projections, times = case
    fired: dict[int, list[int]] = {}
    for t, j in times:
        fired.setdefault(t, []).append(j)
    populations = [PlainLIF(n, 0.5, 1.0, 0.0, refractory) for n in sizes]
    synapses = [
        PlainSynapses(
            pre, post, [(int(x), int(y), float(w), int(d)) for x, y, w, d in zip(a, b, weights, delays, strict=True)]
        )
        for pre, post, a, b, weights, delays, _ in projections
    ]
    return listed(simulate([*populations, fired], synapses, STEPS))


def found(net, run):
    spikes = []
    for p in net.populations:
        times, who = run.spikes(p)
        spikes += [(round(t / DT) - 1, p.number, int(j)) for t, j in zip(times, who, strict=True)]
    return listed(spikes)


@pytest.mark.filterwarnings("ignore:Network. nothing reaches")  # some of these networks are such
@settings(max_examples=40, deadline=None)
@given(networks(), st.integers(1, 3), st.integers(1, STEPS))
def test_any_network_fires_as_the_plain_simulator_says(case, parts, cut):
    net = built(case)
    worth, threads = engine.WORTH, torch.get_num_threads()
    try:
        engine.WORTH = 0 if parts > 1 else worth
        torch.set_num_threads(parts)
        first, second = net.run(cut * DT), net.run((STEPS - cut) * DT)
    finally:
        engine.WORTH = worth
        torch.set_num_threads(threads)
    np.testing.assert_array_equal(np.concatenate([found(net, first), found(net, second)]), expected(case))


def test_a_spike_arrives_after_its_delay():
    net = rv.Network(dt=DT, dtype=torch.float64)
    source = net.add(1, rv.SpikeSource([0.5 * DT]))
    cell = net.add(1, rv.LIF(dt=DT, input=rv.ImpulseInput()))
    net.connect(source, cell, weight=2.0, delay=7 * DT)
    times, _ = net.run(20 * DT).spikes(cell)
    assert times.tolist() == pytest.approx([8 * DT])


@pytest.mark.filterwarnings("ignore:Network. nothing reaches")
def test_what_was_recorded_does_not_change_what_happens():
    case = (
        [150, 30],
        2,
        [(0, 1, np.arange(30), np.arange(30), np.full(30, 0.6), np.full(30, 3), True)],
        [(3, 1), (9, 2)],
    )
    plain, recorded = built(case), built(case)
    recorded.record(recorded.populations[1], "v", neurons=[0, 29], every=3 * DT)
    a, b = plain.run(STEPS * DT), recorded.run(STEPS * DT)
    np.testing.assert_array_equal(a.steps, b.steps)
    times, v = b.trace(recorded.populations[1], "v")
    assert v.shape == (STEPS // 3, 2) and times[0] == pytest.approx(3 * DT)


def test_a_conductance_that_nothing_feeds_ends_at_zero() -> None:
    """Not among the numbers without a leading digit, which never get to zero by themselves and cost a hundred cycles each (on x86)."""
    net = rv.Network(seed=0)
    cells = net.add(10, rv.ConductanceLIF(), "cells")
    source = net.add(1, rv.SpikeSource([1 * ms], [0]), "source")
    net.connect(source, cells, weight=1 * nS, delay=1 * ms)
    net.record(cells, "g_exc", every=100 * ms)
    values = net.run(0.7).trace(cells, "g_exc")[1]
    assert values[0].min() > 0
    assert values[-1].max() == 0 or platform.machine().lower() not in ("x86_64", "amd64")
    assert np.float32(1e-40) * np.float32(0.5) > 0, "the caller's own arithmetic is as it was"


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_conductances_of_any_size_decay_by_their_exponential(dtype: torch.dtype) -> None:
    """Blocks of neurons whose decays in a step are small take a shorter exponential; 200 neurons are two blocks, one with all sizes."""
    weights, dt = np.r_[np.full(128, 2.0), np.geomspace(1e-3, 1e5, 72)], 0.1 * ms
    cell = rv.ConductanceLIF(dt=dt, v_threshold=1.0)
    net = rv.Network(dt=dt, seed=0, dtype=dtype)
    cells = net.add(200, cell, "cells")
    source = net.add(200, rv.SpikeSource(np.full(200, 0.5 * ms), np.arange(200)), "source")
    net.connect(source, cells, rv.OneToOne(), weight=weights * nS, delay=dt)
    for name in ("v", "g_exc", "g_inh"):
        net.record(cells, name)
    run = net.run(5 * ms)
    v, g, h = (run.trace(cells, name)[1].astype(np.float64) for name in ("v", "g_exc", "g_inh"))
    p = cell.parameter_values()
    z = -dt / p["c_mem"] * (p["g_leak"] + g + h)
    pull = p["g_leak"] * (p["v_leak"] - v) + g * (p["v_exc"] - v) + h * (p["v_inh"] - v)
    expected = v + dt / p["c_mem"] * np.expm1(z) / z * pull
    assert z.min() < -10 and ((z > -1) & (z < -0.1)).any() and not h.any()
    tolerance = 1e-12 if dtype == torch.float64 else 1e-6
    np.testing.assert_allclose(v[1:], expected[:-1], rtol=tolerance, atol=tolerance * 0.1)

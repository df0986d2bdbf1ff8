"""What a modeller can get wrong: each has an error that says what to type, and nothing recorded so far is lost."""

import numpy as np
import pytest
import torch

import ranvier as rv
from ranvier.simulation import blow_up, network, room
from ranvier.simulation.distributions import Normal, Uniform
from ranvier.units import Mohm, ms, mV, pA

DT = 1e-4


def two(**more):
    net = rv.Network(dt=DT, seed=1, dtype=torch.float64)
    a = net.add(30, rv.PoissonSource(20), "a", **more)
    b = net.add(20, rv.LIF(dt=DT, input=rv.ImpulseInput()), "b")
    return net, a, b


def wired(net, a, b, *arguments, **more):
    net.connect(a, b, *arguments, **more)
    net.build()


@pytest.mark.parametrize(
    ("pattern", "more", "words"),
    [
        (rv.AllToAll(), {"weight": np.ones((20, 30))}, r"a -> b: weight must have shape \(600,\), got \(20, 30\)"),
        (rv.AllToAll(), {"delay": np.full(3, DT)}, r"a -> b: delay must have shape \(600,\), got \(3,\)"),
        (rv.FixedProbability(0.1), {"weight": np.ones(600)}, "FixedProbability draws its synapses, so weight must be a number or a distribution"),
        (rv.OneToOne(), {}, "OneToOne: both populations must have one size, got 30 and 20"),
        (rv.Pairs([30], [0]), {}, r"Pairs: pre must lie in 0\.\.29, got values from 30 to 30"),
        (rv.FixedOutDegree(21, multiple=False), {}, "21 different neurons cannot be drawn from 20"),
        (None, {"weight": [np.nan] * 600}, r"a -> b: weight holds NaN or inf in 600 of 600 places"),
        (None, {"weight": np.inf}, "a -> b: weight must be finite, got inf"),
        (None, {"delay": -1 * ms}, r"a delay must be at least one step of 0\.0001 s, got -0\.001 s\. Use a longer delay or a smaller dt"),
        (None, {"delay": 0.05 * ms}, r"at least one step of 0\.0001 s, got 5e-05 s"),
        (None, {"delay": Normal(1 * ms, 1 * ms)}, r"at least one step of 0\.0001 s; .* may be shorter\. Give it low=0\.0001"),
        (None, {"delay": 1.5}, r"a delay of 1\.5 s is no delay of a synapse\. Numbers are in seconds: write delay=1\.5 \* ms"),
        (None, {"delay": Uniform(1.0, 2.0)}, "a delay of 2 s is no delay of a synapse"),
        (None, {"delay": Normal(1.5, 0.1, low=0.1)}, r"a delay of 1\.5 s is no delay"),
        (None, {"weight": 1.5, "plasticity": rv.PairSTDP()}, r"weights must start within \[0, 1\], the bounds of PairSTDP, got 1\.5 to 1\.5"),
    ],
)  # fmt: skip
def test_sizes_delays_and_weights_that_cannot_be(pattern, more, words):
    with pytest.raises((ValueError, TypeError), match=words):
        wired(*two(), pattern, **more)


@pytest.mark.parametrize(
    ("excitatory", "more", "words"),
    [
        (True, {"weight": -1.0}, r"a is excitatory, so its weights must be >= 0 \(Dale's law\), got weights from -1 to -1"),
        (False, {"weight": Uniform(-1.0, 1.0)}, r"a is inhibitory, so its weights must be <= 0 \(Dale's law\), got weights from -1 to 1"),
        (True, {"weight": np.linspace(-1, 1, 600)}, r"a is excitatory, so its weights must be >= 0"),
        (True, {"plasticity": rv.PairSTDP(w_min=-1.0)}, r"a is excitatory \(Dale's law\), but PairSTDP lets weights change within \[-1, 1\]\. Give it w_min=0"),
        (False, {"weight": -0.5, "plasticity": rv.PairSTDP(w_min=-1.0)}, r"is inhibitory .* within \[-1, 1\]\. Give it w_max=0"),
    ],
)  # fmt: skip
def test_weights_of_the_wrong_sign(excitatory, more, words):
    with pytest.raises(ValueError, match=words):
        wired(*two(excitatory=excitatory), **more)


def test_a_rule_that_leaves_the_weight_alone_does_not_bind_it():
    net, a, b = two()
    net.connect(a, b, weight=1.5, plasticity=rv.TsodyksMarkram())
    network.check(net.populations, net.projections, net.drives, DT)
    assert net.projections[0].dimension == rv.units.NAMED["voltage"]


PHYSICAL = rv.LIF(dt=DT, r=100 * Mohm, v_leak=-65 * mV, v_reset=-65 * mV, v_threshold=-50 * mV)
JUMPING = rv.LIF(dt=DT, v_leak=-65 * mV, v_reset=-65 * mV, v_threshold=-50 * mV, input=rv.ImpulseInput())


@pytest.mark.parametrize(
    ("cell", "do", "words"),
    [
        (PHYSICAL, lambda net, p: p.inject(200), r"cells: a current of 200 A would move .* by 2e\+10 V, where .* within 0\.015 V\. .*inject\(200 \* pA\)"),
        (PHYSICAL, lambda net, p: net.drive(p, 100, 50.0), r"drive of cells #0: a weight of 50 A would move .*write weight=50 \* pA"),
        (JUMPING, lambda net, p: net.drive(p, 100, 1.62), r"a weight of 1\.62 V would move the membrane by 1\.62 V, where .*write weight=1\.62 \* mV"),
        (rv.ConductanceLIF(dt=DT), lambda net, p: net.drive(p, 100, 6.0), r"a weight of 6 S would move .*write weight=6 \* nS"),
        (PHYSICAL, lambda net, p: net.connect(p, p, weight=6.0, synapse=rv.ConductanceSynapse()), r"a weight of 6 S would move"),
        (PHYSICAL, lambda net, p: net.connect(p, p, weight=Normal(50.0, 1.0)), r"a weight of 50 A would move"),
        (PHYSICAL, lambda net, p: net.connect(p, p, weight=Uniform(0.0, 50.0)), r"a weight of 50 A would move"),
    ],
)  # fmt: skip
def test_numbers_without_their_unit(cell, do, words):
    net = rv.Network(dt=DT)
    do(net, net.add(5, cell, "cells"))
    with pytest.raises(ValueError, match=words):
        net.build()


def test_numbers_with_their_unit_and_models_without_units_pass():
    net = rv.Network(dt=DT, dtype=torch.float64)
    p, q = net.add(5, PHYSICAL).inject(200 * pA), net.add(5, rv.LIF(dt=DT)).inject(200.0)
    net.connect(p, p, weight=0.0)
    net.connect(p, q, weight=rv.simulation.LogNormal(0.0, 1.0))
    network.check(net.populations, net.projections, net.drives, DT)
    assert net.projections[1].dimension == rv.units.NAMED["current"]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda net: net.add(1, rv.LIF(tau_mem=2 * ms), "cells"), r"cells: LIF: dt must not exceed tau_mem, got dt=0\.005 s and tau_mem=0\.002 s"),
        (lambda net: net.drive(net.add(1, rv.LIF()), 1.0, 1.0, rv.ExponentialSynapse(tau=2 * ms)), "dt must not exceed tau_exponential"),
    ],
)  # fmt: skip
def test_a_step_longer_than_a_time_constant(make, words):
    net = rv.Network(dt=5 * ms)
    make(net)
    with pytest.raises(ValueError, match=words):
        net.build()


def test_a_population_that_nothing_reaches_is_said():
    net, a, b = two()
    net.add(5, rv.LIF(dt=DT, input=rv.ImpulseInput()), "forgotten")
    net.connect(a, b)
    with pytest.warns(
        UserWarning,
        match=r"nothing reaches forgotten: no projection, drive, noise or current.*Write net\.connect\(\.\.\., forgotten\)",
    ):
        net.build()
    for reach in (
        lambda net, p: p.initialize(v=0.5),
        lambda net, p: p[:1].initialize(v=0.5),
        lambda net, p: net.drive(p, 1.0, 1.0),
        lambda net, p: net.connect(p, p),
    ):
        net, a, b = two()
        net.connect(a, b)
        reach(net, net.add(5, rv.LIF(dt=DT, input=rv.ImpulseInput()), "found"))
        network.check(net.populations, net.projections, net.drives, DT)  # without a word
        assert len(net.populations) == 3


def test_unknown_names():
    net, a, b = two()
    net.record(b, "vm")
    with pytest.raises(
        ValueError, match=r"b has no state vm; did you mean v\?\. It has: v|b has no state vm\. It has: v"
    ):
        net.run(0.01)
    with pytest.raises(ValueError, match=r"b: LIF has no state w\. It has: v"):
        b.initialize(w=0.0)
    with pytest.raises(ValueError, match="a is a source: it has spikes, which are recorded anyway, and no states"):
        net.record(a, "v")
    fresh, _, p = two()
    with pytest.raises(TypeError, match=r"rate must be a finite number, got nan\. Write rate=100"):
        fresh.drive(p, float("nan"), 1.0)
    with pytest.raises(ValueError, match="rate must be at least 0 Hz, got -5"):
        fresh.drive(p, -5.0, 1.0)


def test_positions_are_one_for_each_neuron():
    net = rv.Network()
    assert net.add(3, rv.LIF(), positions=[[0.0], [1.0], [2.0]]).positions.tolist() == [[0, 0, 0], [1, 0, 0], [2, 0, 0]]
    with pytest.raises(ValueError, match=r"Network\.add: 4 neurons need 4 positions, got 3"):
        net.add(4, rv.LIF(), positions=np.zeros((3, 3)))
    with pytest.raises(ValueError, match=r"positions must be finite positions \[n, 1\]"):
        net.add(3, rv.LIF(), positions=np.zeros(3))


# ---- memory ----------------------------------------------------------------------------------------------------------


def test_more_synapses_than_memory_are_refused_before_they_are_drawn(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(room, "available", lambda: 2e9)
    net = rv.Network()
    e = net.add(100_000, rv.LIF(), "E")
    net.connect(e, e, rv.FixedProbability(0.1), weight=Normal(1.0, 0.1))
    net.connect(e, e, rv.FixedInDegree(100), weight=1.0)
    words = (
        r"about 1,010,000,000 synapses need 8\.04 GB, and 2 GB are available\. Most of them are those of E -> E: 1,000,000,000 of 8 bytes\. "
        r"Use a sparser pattern such as rv\.FixedInDegree\(100\), fewer neurons or one weight for all"
    )
    with pytest.raises(MemoryError, match=words):
        net.build()
    assert net.time == 0
    monkeypatch.setattr(room, "available", lambda: None)  # nobody tells: then nothing is refused
    room.check_synapses(net.projections, np.dtype(np.float32))


def test_bytes_of_a_synapse_are_those_that_are_stored():
    net, a, b = two()
    for more in ({}, {"weight": Normal(1.0, 0.1)}, {"plasticity": rv.PairSTDP()}):
        net.connect(a, b, **more)
    net.build()
    rows = net._engine.rows
    stored = rows.targets.nbytes + rows.weights.nbytes + rows.states.nbytes
    assert sum(600 * room.bytes_each(c, net.dtype) for c in net.projections) == stored


# ---- blow-up ---------------------------------------------------------------------------------------------------------


def unstable(start=30.0):
    """A network of which neuron 137 alone runs away."""
    net = rv.Network(dt=DT, seed=1, dtype=torch.float64)
    beat = net.add(1, rv.SpikeSource(np.arange(0.5, 1200) * DT), "beat")
    cells = net.add(140, Runaway(dt=DT), "cells").initialize(v=0.0)
    cells[137].initialize(v=start)
    net.record(cells, "v", neurons=[0, 137])
    return net, beat, cells


class Runaway(rv.Neuron):
    """dv/dt = v^2 / tau: infinite after tau / v(0)."""

    tau: rv.units.Time = rv.parameter(1.0)
    scale: rv.units.Voltage = rv.parameter(1.0)
    v: rv.units.Voltage = rv.state(0.0)

    default_drive = rv.ImpulseInput()

    def dynamics(self, s):
        return {"v": s.v * s.v / (self.tau * self.scale)}

    def receive(self, s, x):
        return {"v": s.v + x}

    def threshold(self, s):
        return s.v - 1e300 * self.scale


def test_a_membrane_that_runs_away_is_named_with_its_time_and_nothing_is_lost():
    net, beat, cells = unstable()
    with pytest.raises(FloatingPointError) as error:
        net.run(0.12)
    words = str(error.value)
    assert words.startswith("cells: v of neuron 137 is not finite any more, in the step from 0.03")
    assert error.value.__notes__ == [f"What ran until {net.time:g} s is in network.latest."]
    run = net.latest
    assert run is not None and run.end == net.time and f"from {net.time:g} to {net.time + DT:g} s" in words
    v = run.trace(cells, "v")[1]
    assert len(v) == round(run.end / DT) and np.isfinite(v).all() and v[-1, 1] > 1e6
    assert run.counts(beat).tolist() == [len(v)]
    again = unstable()[0].run(run.duration)
    np.testing.assert_array_equal(again.trace(again.populations[1], "v")[1], v)
    with pytest.raises(FloatingPointError, match="neuron 137"):
        net.run(DT)  # it stands before the step
    assert net.latest is not None and net.latest.duration == 0


def test_where_no_state_was_kept_the_chunk_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(blow_up, "KEPT", -1)
    net, _, cells = unstable()
    with pytest.raises(
        FloatingPointError, match=r"neuron 137 is not finite any more, before 0\.12 s\. Use a smaller dt"
    ):
        net.run(0.12)
    assert net.latest is not None and len(net.latest.trace(cells, "v")[1]) == 1200

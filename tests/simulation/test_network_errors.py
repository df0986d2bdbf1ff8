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
        (PHYSICAL, lambda net, p: net.connect(p, p, weight=rv.simulation.LogNormal(4.0, 1.0)), r"a weight of 54\.5982 A would move"),
        (PHYSICAL, lambda net, p: p.inject(rv.Timed([0.0, 200.0], dt=1 * ms)), r"cells: a current of 200 A would move"),
        (PHYSICAL, lambda net, p: p.inject(rv.Timed(lambda t: 200 * t / DT)), r"cells: a current of 204600 A would move"),
        (rv.ConductanceLIF(dt=DT, c_mem=200), lambda net, p: None, r"cells: ConductanceLIF has c_mem = 200 F, where 2e-10 F is usual.*c_mem=200 \* pF"),
        (PHYSICAL, lambda net, p: net.noise(p, 5.0), r"noise of cells #0: a weight of 5 A would move"),
        (rv.ConductanceLIF(dt=DT, v_leak=-60), lambda net, p: None, r"cells: ConductanceLIF has v_leak = -60 V beside .*write v_leak=-60 \* mV"),
    ],
)  # fmt: skip
def test_numbers_without_their_unit(cell, do, words):
    net = rv.Network(dt=DT)
    do(net, net.add(5, cell, "cells"))
    with pytest.raises(ValueError, match=words):
        net.build()


@pytest.mark.parametrize(
    ("do", "words"),
    [
        (lambda net: net.add(5, rv.LIF(dt=DT, tau_mem=20), "cells"), r"cells: LIF has tau_mem = 20 s, where 0\.02 s is usual\..*write tau_mem=20 \* ms"),
        (lambda net: net.add(5, rv.LIF(dt=DT, refractory=rv.Clamp(2)), "cells"), r"cells: Clamp keeps a neuron silent for 2 s.*write Clamp\(2 \* ms\)"),
        (lambda net: net.drive(net.add(5, rv.LIF(dt=DT)), 9, 1.0, rv.ExponentialSynapse(tau=5)), r"ExponentialSynapse has tau = 5 s"),
        (lambda net: net.connect(*[net.add(5, rv.LIF(dt=DT)).inject(2.0)] * 2, plasticity=rv.plasticity.PairSTDP(tau_minus=20)), r"has tau_minus = 20 s"),
    ],
)  # fmt: skip
def test_long_times_may_be_meant(do, words):
    net = rv.Network(dt=DT)
    do(net)
    with pytest.warns(UserWarning, match=words):
        net.build()


def test_a_network_in_units_of_its_own_is_not_doubted():
    net = rv.Network(dt=0.1)
    net.add(5, rv.LIF(dt=0.1, tau_mem=20.0, refractory=rv.Clamp(2.0))).inject(1.0)
    net.build()


def test_numbers_with_their_unit_and_models_without_units_pass():
    net = rv.Network(dt=DT, dtype=torch.float64)
    p, q = net.add(5, PHYSICAL).inject(200 * pA), net.add(5, rv.LIF(dt=DT)).inject(200.0)
    net.connect(p, p, weight=0.0)
    net.connect(p, q, weight=rv.simulation.LogNormal(0.0, 1.0))
    net.add(5, rv.LIF(dt=DT, v_reset=-1e-3), excitatory=True).inject(rv.Timed([200.0], dt=1 * ms))
    net.add(5, rv.ConductanceLIF(dt=DT, v_leak=-60, v_inh=-80, v_threshold=-50, v_reset=-60)).inject(1.0)
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
    with pytest.raises(ValueError, match=r"b has no state V; did you mean v\?\. It has: v"):
        net.record(b, "V")
    net.record(b, "i_exponential")  # a synapse may still bring it
    with pytest.raises(ValueError, match=r"b has no state i_exponential\. It has: v"):
        net.run(0.01)
    with pytest.raises(ValueError, match=r"b has no state v_b; did you mean v\?\. It has: v"):
        net.record(b, "v_b")
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


# ---- numbers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "of", [np.float32, np.int64, np.array, torch.tensor, lambda x: torch.tensor(float(x), requires_grad=True)]
)
def test_scalars_of_other_libraries_are_the_numbers_that_they_are(of):
    two_of = of(2)
    assert Normal(two_of, of(1), low=of(0)) == Normal(2, 1, low=0)
    assert rv.PairSTDP(a_minus=two_of, w_max=of(4)) == rv.PairSTDP(a_minus=2.0, w_max=4.0)
    assert rv.FixedProbability(of(1)) == rv.FixedProbability(1)
    assert repr(rv.PoissonSource(two_of)) in ("PoissonSource(rate=2)", "PoissonSource(rate=2.0)")
    net, a, b = two()
    assert net.connect(a, b, weight=two_of, delay=np.float64(DT) * of(3).item()).weight == 2
    c = net.connect(a, b, weight=of(1), delay=torch.tensor(3 * DT), plasticity=rv.PairSTDP())
    assert type(c.weight) is type(c.delay) is float
    net.drive(b, two_of, two_of)
    net.noise(b, sd=two_of, mean=of(0))
    b.inject(of(0))
    assert net.drives[0].weight == net.drives[1].deviation == 2
    net.normalise(c, two_of)
    np.testing.assert_allclose(net.weights(c).weight, 2 / 30)
    net.set_weights(c, of(1))
    assert (net.weights(c).weight == 1).all() and (net.weights(c).delay == pytest.approx(3 * DT))


def test_whole_numbers_of_other_libraries():
    assert rv.FixedInDegree(torch.tensor(2)) == rv.FixedInDegree(np.int64(2)) == rv.FixedInDegree(2)
    assert rv.Network(dt=np.float32(DT), seed=torch.tensor(3)).seed == 3  # pyright: ignore[reportArgumentType]


def test_weights_of_tensors_that_learn_and_of_lists():
    net, a, b = two()
    c = net.connect(a, b, weight=torch.full((600,), 0.5, requires_grad=True))
    d = net.connect(a, b, rv.Pairs([0, 1], [1, 0]), weight=[1, 2])
    assert (net.weights(c).weight == 0.5).all() and net.weights(d).weight.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("do", "words"),
    [
        (lambda net, a, b: net.connect(a, b, delay="1ms"), r"a -> b: delay must be a number, .* as in delay=1\.5 \* ms, got '1ms'"),
        (lambda net, a, b: net.connect(a, b, weight="big"), r"a -> b: weight must be a number, a distribution, .* as in weight=0\.5, got 'big'"),
        (lambda net, a, b: net.connect(a, b, weight=1j), "weight must be a number, .* got 1j"),
        (lambda net, a, b: net.connect(a, b, weight=None), "weight must be a number, .* got None"),
        (lambda net, a, b: net.connect(a, b, weight=True), "weight must be a number, .* got True"),
        (lambda net, a, b: net.connect(a, b, weight=Normal), "weight must be a number, .* got <class"),
        (lambda net, a, b: net.connect(a, b, weight=[[1.0], [1.0, 2.0]]), "weight must be a number, .* got "),
        (lambda net, a, b: net.connect(a, b, delay=np.nan), r"delay must be finite, got nan\. Write delay=1\.5 \* ms"),
        (lambda net, a, b: net.connect(a, b, synapse=rv.ExponentialSynapse), r"the synapse must be an object such as rv\.ExponentialSynapse\(\)"),
        (lambda net, a, b: net.drive(b, 10, 0.1, synapse=rv.ExponentialSynapse), r"Network\.drive: the synapse must be an object such as rv\.Exp"),
        (lambda net, a, b: net.noise(b, 1.0, synapse=rv.ExponentialSynapse), r"Network\.noise: the synapse must be an object such as rv\.Exp"),
        (lambda net, a, b: net.noise(b, sd="x"), r"Network\.noise: sd must be a finite number, got 'x'\. Write sd=0\.1"),
        (lambda net, a, b: net.noise(b, sd=-2.0), r"Network\.noise: sd must be a finite number >= 0, got -2\. Write sd=2"),
        (lambda net, a, b: net.add(3, rv.LIF(), excitatory="inhibitory"), "excitatory must be True, False or None, got 'inhibitory'"),
        (lambda net, a, b: rv.PoissonSource("a"), r"PoissonSource: rate must be a number, .* rv\.PoissonSource\(20\), got 'a'"),
        (lambda net, a, b: rv.SpikeSource("a.aedat"), r"SpikeSource: times must be seconds, .*\(\[0\.01, 0\.02\]\), got 'a\.aedat'"),
        (lambda net, a, b: rv.PoissonSource([4, -4]), r"PoissonSource: rate must be finite and >= 0 Hz, got -4"),
        (lambda net, a, b: rv.SpikeSource([0.1, np.nan]), r"SpikeSource: times must be finite and >= 0 s, got nan"),
        (lambda net, a, b: net.restore(None), r"Network\.restore: state must be what state\(\) gave, got NoneType\. For a file write net\.load"),
        (lambda net, a, b: rv.SpikeSource([object()]), r"SpikeSource: times must be seconds, .* got \[<object"),
        (lambda net, a, b: rv.Pairs(0, 1), r"Pairs: pre must be a list of whole numbers, got int64 of shape \(\)"),
        (lambda net, a, b: rv.Pairs([0], [0.5]), r"Pairs: post must be a list of whole numbers, got float64 of shape \(1,\)"),
        (lambda net, a, b: Normal("a", 1), r"Normal: mean must be a number, got 'a'\. Write mean=1\.0"),  # pyright: ignore[reportArgumentType]
        (lambda net, a, b: rv.Pairs([0], [1, 2]), r"Pairs: pre and post must have one length, got shapes \(1,\) and \(2,\)"),
        (lambda net, a, b: rv.FixedProbability(np.float32(2)), r"the probability must be a number in \[0, 1\], got 2\.0"),
        (lambda net, a, b: rv.FixedInDegree(torch.tensor(2.5)), "FixedInDegree: n must be a whole number, got 2.5"),  # pyright: ignore[reportArgumentType]
        (lambda net, a, b: rv.FixedInDegree(-1), "FixedInDegree: n must be at least 0, got -1"),
        (lambda net, a, b: Uniform(0, np.inf), "Uniform: high must be a finite number, got inf"),
        (lambda net, a, b: Uniform(2, 1), "Uniform: low must lie below high, got low=2 and high=1"),
        (lambda net, a, b: net.record(b, "v", every=1e-6), r"every must be at least 0\.0001 s, got 1e-06 s\. Write every=100 \* ms"),
        (lambda net, a, b: net.run(1e-6), r"duration must be half a step of dt=0\.0001 s or more, got 1e-06 s\. Write net\.run\(100 \* ms\)"),
        (lambda net, a, b: net.run(0.1, checkpoint_every="60"), r"checkpoint_every must be a number of seconds, got '60'\. Write checkpoint_every=60"),
        (lambda net, a, b: net.run(0.1, checkpoint_every=np.nan), "checkpoint_every must be a number of seconds, got nan"),
        (lambda net, a, b: net.run(0.1, checkpoint_every=-1), "checkpoint_every must be at least 0 s, got -1 s"),
    ],
)  # fmt: skip
def test_what_is_no_number_is_named(do, words):
    with pytest.raises((TypeError, ValueError), match=words):
        do(*two())


def test_rewards_and_runs_are_asked_for_what_they_know():
    net, a, b = two()
    c = net.connect(a, b, weight=0.1, plasticity=rv.RewardSTDP())
    with pytest.raises(TypeError, match=r"Network\.reward: amount must be a number, or one for each time, got 'x'"):
        net.reward("x")
    with pytest.raises(TypeError, match=r"Network\.reward: at must be a time in seconds, or several, got 'x'"):
        net.reward(1.0, at="x")
    with pytest.raises(TypeError, match="weights must be a finite number, got 'x'"):
        net.set_weights(c, "x")
    run = net.run(2 * DT)
    assert net.run(0).duration == 0  # nothing was asked for
    with pytest.raises(ValueError, match=r"Run\.population_rate: bin must be a time above 0 s, got 0\."):
        run.population_rate(b, 0)
    with pytest.raises(TypeError, match=r"Run\.population_rate: bin must be a number of seconds, got '1ms'"):
        run.population_rate(b, "1ms")  # pyright: ignore[reportArgumentType]
    for ask in (run.spikes, run.counts, lambda p: run.trace(p, "v")):
        with pytest.raises(
            TypeError, match=r"Run: expected a population or some of its neurons, got 'b'\. Use what net\.add"
        ):
            ask("b")


def test_a_period_is_as_long_as_the_space():
    places = rv.simulation.grid(5, 3)

    def ring(period):
        return rv.simulation.DistanceDependent(places, places, lambda d: np.exp(-d), period=period).period

    assert ring(5).tolist() == ring([5]).tolist() == [5, 5] and ring([4, np.inf]).tolist() == [4, np.inf]
    with pytest.raises(
        ValueError, match=r"period must be a length above 0, or 2, one for each axis, got -3\. Write period=None"
    ):
        ring(-3)
    with pytest.raises(ValueError, match="period must be a length above 0, or 2, one for each axis, got \\[5, 5, 5\\]"):
        ring([5, 5, 5])
    with pytest.raises(
        ValueError,
        match=r"a period of 3 on axis 0 is shorter than the 4 that the positions span there\. Write period=4",
    ):
        ring(3)
    with pytest.raises(TypeError, match="period must be a length above 0, .* got 'x'"):
        ring("x")


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


def test_more_neurons_than_memory_are_refused():
    net = rv.Network()
    net.add(10**11, rv.LIF(), "many")
    with pytest.raises(
        MemoryError, match=r"states of all neurons need .* GB, .*those of many: 100,000,000,000 neurons"
    ):
        net.build()


def test_drawn_weights_start_within_the_bounds_of_their_rule():
    def learning(weight: object) -> rv.Network:
        net = rv.Network(seed=0)
        a, b = (net.add(10, rv.LIF(), name).inject(1.0) for name in "ab")
        net.connect(a, b, weight=weight, plasticity=rv.plasticity.PairSTDP())
        return net

    learning(rv.simulation.Normal(0.5, 1.0, low=0.0, high=1.0)).build()
    with pytest.raises(
        ValueError, match=r"weights must start within \[0, 1\], the bounds of PairSTDP, got .*low=\.\.\. and high"
    ):
        learning(rv.simulation.Normal(3.0, 1.0)).build()


@pytest.mark.parametrize("start", [-60.0, rv.simulation.Uniform(-60.0, -50.0)])
def test_a_start_without_its_unit(start):
    net = rv.Network(dt=1e-4)
    net.add(3, rv.ConductanceLIF(dt=1e-4), "cells").initialize(v=start)
    with pytest.raises(ValueError, match=r"cells: v starts at 60 V, .* write initialize\(v=60 \* mV\)"):
        net.build()

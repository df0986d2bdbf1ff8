"""Liquid state machines: states, calibration, what is said of silent and saturated liquids, measures, several readouts, files."""

import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from sklearn.utils.estimator_checks import check_estimator

import ranvier as rv
from ranvier.equations.options import Clamp
from ranvier.errors import RanvierError
from ranvier.instruments import rheobase
from ranvier.neurons import Neuron
from ranvier.reservoirs import (
    Counts,
    EchoState,
    Last,
    LiquidState,
    Rates,
    Ridge,
    RidgeClassifier,
    Several,
    load,
    measures,
    save,
)
from ranvier.units import Mohm, ms, mV, nA

RANDOM = np.random.default_rng(0)
TRAINS = [(RANDOM.random((20, 3)) < (0.15, 0.6)[k % 2]).astype(float) for k in range(16)]
LABELS = np.array(["few", "many"])[np.arange(16) % 2]


def liquid(shape=(5, 3, 3), **options) -> LiquidState:
    return LiquidState(shape, **{"code": Counts(), "dt": 0.5 * ms, "random_state": 3, **options})


@pytest.fixture(scope="module")
def fitted() -> LiquidState:
    return liquid().fit(TRAINS, LABELS)


def test_a_liquid_tells_classes_of_input_apart(fitted):
    assert fitted.score(TRAINS, LABELS) == 1.0
    assert 5 < fitted.rate_ < 100 and fitted.silent_ < 0.5
    assert [s.shape for s in fitted.states(TRAINS[:2])] == [(20, 45), (20, 45)]


def test_states_are_spikes_that_decay(fitted):
    counts = liquid(tau_readout=None).fit(TRAINS, LABELS)
    times, who = [], []
    built = fitted._liquid()
    steps, neurons, _ = built.spikes(TRAINS[0], 10 * ms, Counts(), None)
    times, who = (steps + 1) * 0.5 * ms, neurons
    states = fitted.states([TRAINS[0]])[0]
    for row in (0, 7, 19):
        end = (row + 1) * 10 * ms
        before = times <= end + 1e-9
        expected = np.bincount(who[before], np.exp(-(end - times[before]) / (30 * ms)), 45)
        np.testing.assert_allclose(states[row], expected, atol=1e-9)
    assert counts.states([TRAINS[0]])[0].sum(0) == pytest.approx(np.bincount(who, minlength=45))


def test_a_run_in_two_parts_is_the_whole_run(fitted):
    whole = fitted.run([TRAINS[1]])
    first = fitted.run([TRAINS[1][:9]])
    second = fitted.run([TRAINS[1][9:]], first.state)
    np.testing.assert_array_equal(np.vstack([first.states[0], second.states[0]]), whole.states[0])


def test_a_sequence_does_not_remember_those_before_it(fitted):
    together = fitted.states(TRAINS)
    np.testing.assert_array_equal(fitted.states([TRAINS[5]])[0], together[5])


def test_the_same_seed_gives_the_same_liquid_after_pickle_and_file(fitted, tmp_path):
    expected = fitted.rows(TRAINS)
    for other in (
        pickle.loads(pickle.dumps(fitted)),
        load(save(fitted, tmp_path / "liquid")),
        liquid().fit(TRAINS, LABELS),
    ):
        np.testing.assert_array_equal(other.rows(TRAINS), expected)
        assert list(other.predict(TRAINS)) == list(LABELS)
    assert np.abs(liquid(random_state=4).fit(TRAINS, LABELS).rows(TRAINS) - expected).max() > 0


@pytest.mark.parametrize("begin", [1e-2, 30.0])
def test_the_input_is_scaled_until_the_rate_is_as_asked_for(begin):
    model = liquid(target_rate=12.0, input_scale=begin).fit(TRAINS[:8], LABELS[:8])
    assert model.rate_ == pytest.approx(12.0, rel=0.3) and model.input_scale == begin


def test_a_rate_that_no_input_can_give_is_said():
    message = r"no scale of the input gives a mean rate near 900 Hz; at .* it is \d+ Hz"
    with pytest.warns(UserWarning, match="saturated"), pytest.warns(UserWarning, match=message):
        liquid((3, 2, 2), target_rate=900.0).fit(TRAINS[:8], LABELS[:8])


def test_a_silent_liquid_is_said_with_its_rate_and_what_to_turn():
    with pytest.warns(
        UserWarning,
        match=r"nearly silent, \d+ % of its neurons never fired: its neurons fired at 0\.?\d* Hz.* Raise input_scale \(now 0\.001\)",
    ):
        liquid(input_scale=1e-3, lam=0.0).fit(TRAINS, LABELS)


def test_a_saturated_liquid_is_said_with_its_rate_and_what_to_turn():
    with pytest.warns(
        UserWarning,
        match=r"saturated: its neurons fired at \d+ Hz.* Lower input_scale \(now 100\) or weight_scale \(now 2\)",
    ):
        liquid(input_scale=100.0, weight_scale=2.0).fit(TRAINS, LABELS)


def test_adaptation_lowers_the_rate(fitted):
    adapting = liquid(adaptation=2 * mV).fit(TRAINS, LABELS)
    assert adapting.rate_ < 0.8 * fitted.rate_


def test_plain_synapses_and_all_excitatory_or_inhibitory_columns_run():
    rates = [
        liquid(dynamic=False, inhibitory=share, weight_scale=0.2).fit(TRAINS, LABELS).rate_ for share in (0.0, 0.3, 1.0)
    ]
    assert rates[0] > rates[1] > rates[2] > 0


def test_the_spikes_that_enter_are_counted(fitted):
    np.testing.assert_array_equal(fitted.input_counts(TRAINS), [rows.sum(0) for rows in TRAINS])


def test_inhibitory_input_lowers_the_rate(fitted):
    assert liquid(input_inhibitory=0.5).fit(TRAINS, LABELS).rate_ < fitted.rate_


def test_the_network_can_be_looked_at(fitted):
    net, populations = fitted.network
    assert [p.name for p in populations] == ["excitatory", "inhibitory", "input"]
    assert sum(len(net.weights(p).pre) for p in net.projections if p.name in ("EE", "EI", "IE", "II")) == len(
        fitted.wiring_.pre
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shape": (5, 0)}, r"shape must be up to three whole numbers above 0, got \(5, 0\)"),
        ({"inhibitory": 1.5}, r"inhibitory must lie in \[0, 1\], got 1.5"),
        ({"step": 0.7 * ms}, r"step must be a multiple of dt, got 0.0007 s and 0.0005 s"),
        ({"probability": (0.3, 0.2)}, r"probability must be four numbers in \[0, 1\]"),
        ({"tau_mem": 0.0}, "tau_mem must be above 0, got 0.0"),
    ],
)
def test_arguments_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        liquid(**options).fit(TRAINS, LABELS)


def test_separation_grows_with_the_distance_of_inputs(fitted):
    rng = np.random.default_rng(5)
    far = [(rng.random((20, 3)) < 0.4).astype(float) for _ in TRAINS]
    near = [np.where(rng.random(a.shape) < 0.03, 1 - a, a) for a in TRAINS]
    none, little, much = (measures.separation(fitted, TRAINS, other).mean() for other in (TRAINS, near, far))
    assert none == 0 < little < much
    smooth = measures.separation(fitted, TRAINS, far, tau=5.0)
    assert (
        smooth.shape == (20,)
        and np.abs(np.diff(smooth)).max() < np.abs(np.diff(measures.separation(fitted, TRAINS, far))).max()
    )


def test_states_of_different_inputs_are_independent_and_the_past_fades(fitted):
    assert measures.rank(fitted, TRAINS) > 8 > measures.rank(fitted, [TRAINS[0]] * 5) == 1
    assert measures.rank(fitted, [np.zeros((3, 3))] * 2) <= 1
    left = measures.fading(fitted, TRAINS[:4], TRAINS[4:8][::-1], np.zeros((30, 3)))
    assert left.shape == (30,) and left[-1] < 0.2 * left[0]
    with pytest.raises(ValueError, match="the pasts leave the same states"):
        measures.fading(fitted, TRAINS[:1], TRAINS[:1], np.zeros((3, 3)))


def test_threads_may_share_a_liquid(fitted):
    both = [TRAINS[:8], TRAINS[8:]]
    expected = [fitted.rows(part) for part in both]
    with ThreadPoolExecutor(4) as threads:
        for k, found in enumerate(threads.map(fitted.rows, 6 * both)):
            np.testing.assert_array_equal(found, expected[k % 2])


def test_several_readouts_of_one_liquid_are_what_single_ones_would_be():
    counts = np.array([rows.sum() for rows in TRAINS])
    both = Several(liquid(pooling=Last()), {"class": RidgeClassifier(1.0), "count": Ridge(1.0)}).fit(
        TRAINS, {"class": LABELS, "count": counts}
    )
    alone = liquid(pooling=Last(), readout=Ridge(1.0)).fit(TRAINS, counts)
    np.testing.assert_allclose(both.predict(TRAINS)["count"], alone.predict(TRAINS), rtol=1e-6)
    assert both.score(TRAINS, {"class": LABELS, "count": counts})["class"] == 1.0


def test_several_readouts_of_steps_leave_out_the_washout():
    x = [RANDOM.normal(size=(30, 1)) for _ in range(3)]
    now, before = [a[:, 0] for a in x], [np.r_[9.0, a[:-1, 0]] for a in x]  # the first target can only be wrong
    both = Several(EchoState(40, washout=5), {"now": Ridge(1e-8), "before": Ridge(1e-8)})
    scores = both.fit(x, {"now": now, "before": before}).score(x, {"now": now, "before": before})
    assert min(scores.values()) > 0.98
    with pytest.raises(ValueError, match=r"targets are of \['now'\], readouts of \['before', 'now'\]"):
        both.fit(x, {"now": now})
    with pytest.raises(ValueError, match="no readout was given"):
        Several(EchoState(), {}).fit(x, {})


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore:LiquidState.*:UserWarning", "ignore::sklearn.exceptions.SkipTestWarning")
def test_it_is_an_estimator_of_scikit_learn():
    model = LiquidState(
        (4, 3, 3), dt=0.5 * ms, code=Rates(100.0), input_scale=0.3, pooling=Last(), readout=RidgeClassifier(1e-3)
    )
    wrong = {r["check_name"]: r["exception"] for r in check_estimator(model, on_fail=None) if r["status"] == "failed"}
    # One value a sequence is one step of 10 ms here, too few spikes to tell three blobs apart at 83 %.
    assert set(wrong) <= {"check_classifiers_train"}


# other neurons


def of_other_neurons(neuron: Neuron) -> LiquidState:
    return LiquidState((5, 3, 3), code=Counts(), neuron=neuron, dt=neuron.dt, random_state=0)


def tells_them_apart(neuron: Neuron, path: Path) -> None:
    model = of_other_neurons(neuron).fit(TRAINS, LABELS)
    assert 1 < model.rate_ < 50 and model.score(TRAINS, LABELS) > 0.8
    assert type(model.network.populations[0].model).__name__.startswith(type(neuron).__name__)
    save(model, path)
    assert np.array_equal(load(path).decision_function(TRAINS), model.decision_function(TRAINS))


def test_any_neuron_that_takes_a_current(tmp_path):
    tells_them_apart(rv.AdEx(dt=0.2 * ms, b=50e-12), tmp_path / "liquid")


@pytest.mark.thorough
@pytest.mark.parametrize("neuron", [rv.Izhikevich(dt=0.2 * ms), rv.HodgkinHuxley(dt=0.05 * ms), rv.EIF(dt=0.2 * ms)])
def test_whatever_the_unit_of_its_current(neuron, tmp_path):
    tells_them_apart(neuron, tmp_path / "liquid")


def test_currents_are_measured_by_the_rheobase():
    built = of_other_neurons(rv.LIF(dt=1 * ms)).fit(TRAINS, LABELS).network
    own = rheobase(rv.LIF(dt=1 * ms)) / (15 * mV / Mohm)
    assert built.populations[0].current == pytest.approx(13.5 * nA * own)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"neuron": rv.AdEx}, TypeError, "neuron must be an object of a model that fires"),
        ({"neuron": rv.LI(dt=0.1 * ms)}, TypeError, "neuron must be an object of a model that fires"),
        ({"neuron": rv.AdEx(dt=1 * ms)}, ValueError, r"dt is 0\.0001 s, but that of its neuron 0\.001 s"),
        ({"neuron": rv.AdEx(dt=0.1 * ms), "adaptation": 1 * mV}, ValueError, "adaptation belongs to the LIF"),
        ({"neuron": rv.ConductanceLIF(dt=0.1 * ms)}, ValueError, "ConductanceLIF takes impulses"),
        ({"neuron": rv.TraubMiles(dt=0.1 * ms)}, ValueError, "TraubMiles fires without input"),
    ],
)
def test_neurons_that_do_not_fit(options, error, words):
    with pytest.raises(error, match=words):
        LiquidState((3, 3, 3), code=Counts(), **options).fit(TRAINS, LABELS)


def test_a_neuron_that_cannot_be_written(tmp_path):
    model = of_other_neurons(rv.AdEx(dt=0.2 * ms, refractory=Clamp(2 * ms)))
    with pytest.raises(RanvierError, match=r"neuron is AdEx, which cannot be written"):
        save(model, tmp_path / "liquid")

"""Liquid time-constant networks as estimators."""

import pickle

import numpy as np
import pytest
from sklearn.utils.estimator_checks import check_estimator

from ranvier.reservoirs import NCP, All, Equidistant, Last, LiquidTimeConstant, Mean, Ridge, RidgeClassifier, load, save

T = np.arange(12) / 2
X = [np.sin(T[: 9 + k % 4] + k) for k in range(8)] + [np.sign(np.sin(T[: 9 + k % 4] + k)) for k in range(8)]
Y = np.array(["sine"] * 8 + ["square"] * 8)


def network(**options) -> LiquidTimeConstant:
    return LiquidTimeConstant(6, **{"cell": "CfC", "epochs": 15, "learning_rate": 0.02, "random_state": 0, **options})


@pytest.fixture(scope="module")
def fitted() -> LiquidTimeConstant:
    return network().fit(X, Y)


def test_training_lowers_the_loss_and_tells_classes_apart(fitted):
    assert fitted.losses_[-1] < 0.8 * fitted.losses_[0] and fitted.score(X, Y) > 0.9
    untrained = network(epochs=0).fit(X, Y)
    assert np.abs(untrained.rows(X) - fitted.rows(X)).max() > 0.1


def test_the_same_seed_gives_the_same_network_after_pickle_and_file(fitted, tmp_path):
    for other in (pickle.loads(pickle.dumps(fitted)), load(save(fitted, tmp_path / "ltc")), network().fit(X, Y)):
        np.testing.assert_array_equal(other.rows(X), fitted.rows(X))
    assert np.abs(network(random_state=1, epochs=1).fit(X, Y).rows(X) - fitted.rows(X)).max() > 0


def test_several_states_of_a_sequence_are_read_together():
    model = network(epochs=1, pooling=Equidistant(3)).fit(X, Y)
    assert model.rows(X).shape == (16, 18) and len(model.losses_) == 1
    assert model.network.size == 6


def test_a_run_in_two_parts_is_the_whole_run(fitted):
    whole, first = fitted.run([X[1]]), fitted.run([X[1][:4]])
    second = fitted.run([X[1][4:]], first.state)
    np.testing.assert_allclose(np.vstack([first.states[0], second.states[0]]), whole.states[0], rtol=1e-12)


def test_a_sequence_does_not_depend_on_its_company(fitted):
    np.testing.assert_allclose(fitted.states(X)[2], fitted.states([X[2]])[0], rtol=1e-12)


@pytest.mark.parametrize("cell", ["LTC", "CfC"])
def test_a_wiring_is_read_through_its_motor_neurons(cell):
    model = network(cell=cell, wiring=NCP.auto(8, 2), epochs=1, pooling=Mean()).fit(X, Y)
    assert model.states(X[:1])[0].shape == (len(X[0]), 2) and model.synapses_.shape == (9, 8)
    again = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(again.rows(X), model.rows(X))


def test_a_target_a_step_is_learned_in_windows():
    u = np.random.default_rng(0).uniform(-1, 1, (90, 1))
    late = np.r_[0, u[:-1, 0]]
    model = network(window=16, epochs=25, washout=3, readout=Ridge(1e-6)).fit(u, late)
    assert model.score(u, late) > 0.9 and model.predict(u).shape == (90,)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cell": "GRU"}, "cell must be one of LTC, CfC, got 'GRU'"),
        ({"epochs": -1}, "epochs must be at least 0, got -1"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0, got 0.0"),
        ({"pooling": Equidistant(2, segments=True)}, "Equidistant cannot be differentiated"),
    ],
)
def test_arguments_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        network(**options).fit(X, Y)


def test_rows_of_several_sizes_are_refused_before_training():
    with pytest.raises(
        ValueError, match=r"All: sequences of different length give rows of different size, \(\d+,\) to"
    ):
        network(pooling=All(), batch=1).fit([np.ones((n, 1)) for n in (4, 5)], ["a", "b"])


def test_a_loss_that_is_not_finite_is_said():
    with pytest.raises(ValueError, match=r"the loss is (nan|inf) in epoch \d+. Lower learning_rate \(now 1e\+300\)"):
        network(learning_rate=1e300, batch=4, readout=Ridge(1.0), pooling=Last()).fit(X, np.arange(16.0))


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_it_is_an_estimator_of_scikit_learn():
    model = network(epochs=2, pooling=Last(), readout=RidgeClassifier(1e-3))
    wrong = {r["check_name"]: r["exception"] for r in check_estimator(model, on_fail=None) if r["status"] == "failed"}
    assert not wrong

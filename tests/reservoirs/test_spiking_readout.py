"""The spiking readout, alone and behind reservoirs."""

import numpy as np
import pytest
from sklearn.utils.estimator_checks import check_estimator

from ranvier.reservoirs import EchoState, Last, RidgeClassifier, SpikingReadout, load, save

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(90, 5))
Y = np.array(["a", "b", "c"])[X[:, :3].argmax(1)]


@pytest.fixture(scope="module")
def fitted() -> SpikingReadout:
    return SpikingReadout(alpha=1.0).fit(X, Y)


def test_the_neuron_of_a_class_fires_most(fitted):
    assert fitted.score(X, Y) > 0.9
    spikes = fitted.spikes(X)
    assert spikes.shape == (90, 3) and spikes.max() <= 20 and (spikes == spikes.round()).all()
    clear = spikes.max(1) > np.sort(spikes, 1)[:, -2]
    assert clear.mean() > 0.5 and (fitted.predict(X)[clear] == fitted.classes_[spikes[clear].argmax(1)]).all()
    assert np.array_equal(np.floor(fitted.decision_function(X)), spikes)


def test_it_starts_from_ridge_regression_and_learning_from_there_helps():
    start = SpikingReadout(alpha=1.0, epochs=0).fit(X, Y)
    ridge = RidgeClassifier(1.0).fit((X - X.mean(0)) / X.std(0), Y)
    np.testing.assert_array_equal(start.coef_, ridge.coef_)
    trained = SpikingReadout(alpha=1.0, epochs=40, learning_rate=1e-2).fit(X, Y)
    assert trained.score(X, Y) > start.score(X, Y)


def test_two_classes_have_one_column(fitted):
    two = SpikingReadout(alpha=1.0).fit(X, X[:, 0] > 0)
    score = two.decision_function(X)
    assert score.shape == (90,) and np.array_equal(score > 0, two.predict(X))


def test_it_reads_a_reservoir_and_its_file(tmp_path):
    x = [RANDOM.normal(size=(8, 2)) + 2 * (k % 2) for k in range(20)]
    y = np.arange(20) % 2
    model = EchoState(20, pooling=Last(), readout=SpikingReadout(alpha=1e-2)).fit(x, y)
    assert model.score(x, y) > 0.9
    again = load(save(model, tmp_path / "echo"))
    np.testing.assert_array_equal(again.decision_function(x), model.decision_function(x))


@pytest.mark.parametrize(
    ("options", "message"),
    [({"steps": 0}, "steps must be at least 1, got 0"), ({"learning_rate": 0.0}, "learning_rate must be above 0")],
)
def test_arguments_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        SpikingReadout(**options).fit(X, Y)


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
def test_it_is_an_estimator_of_scikit_learn():
    wrong = [
        r["check_name"] for r in check_estimator(SpikingReadout(alpha=1.0), on_fail=None) if r["status"] == "failed"
    ]
    assert not wrong

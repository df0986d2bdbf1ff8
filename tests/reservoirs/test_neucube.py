"""NeuCube and deSNN."""

import re
import warnings

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier
from sklearn.utils.estimator_checks import check_estimator

from ranvier.reservoirs import Counts, DeSNN, NeuCube, Rates
from ranvier.units import nA

RANDOM = np.random.default_rng(1)
LABELS = np.arange(12) % 2
# class 0: the first feature rises first, class 1: the second does
X = [
    np.roll(np.repeat([[1, 0], [0, 1]], 12, 0) * (RANDOM.random((24, 2)) < 0.8), 12 * k, 0).astype(float)
    for k in LABELS
]


def cube(**options) -> NeuCube:
    return NeuCube(**{"shape": (4, 4, 4), "length": 0.4, "code": Counts(signed=True), "random_state": 1, **options})


def test_desnn_ranks_first_spikes_and_drifts_after_them():
    states = np.zeros((4, 4))
    states[2, 0], states[0, 2], states[1, 3] = 1, 1, 2
    states[3, 2] = 1
    w = DeSNN(alpha=1.0, mod=0.9, up=0.08, down=0.01)(states)
    # orders: neuron 2, 3, 0; neuron 1 never fires
    np.testing.assert_allclose(w, [0.81 - 0.01, 0.0, 1 + 0.08 - 2 * 0.01, 0.9 - 2 * 0.01])


def test_the_order_of_four_neurons_gives_the_weights_of_the_card():
    order = [2, 0, 3, 1]
    states = np.zeros((4, 4))
    states[np.arange(4), order] = 1
    np.testing.assert_allclose(DeSNN(mod=0.9, up=0.0, down=0.0)(states), [0.9, 0.729, 1.0, 0.81])


def test_neurons_that_fire_together_share_the_mean_of_their_orders():
    np.testing.assert_allclose(DeSNN(mod=0.5, up=0.0, down=0.0)(np.array([[1.0, 1.0, 0.0]])), [0.5**0.5, 0.5**0.5, 0.0])
    with pytest.raises(ValueError, match="mod must lie between 0 and 1, got 1"):
        DeSNN(mod=1.0)


def test_the_cube_learns_from_its_input_and_tells_orders_apart():
    model = cube(learning_rate=0.05).fit(X, LABELS)
    assert model.score(X, LABELS) > 0.8
    before, after = model.drawn_, model.wiring_
    excitatory = after.kind == 0
    assert (before.weight[excitatory] != after.weight[excitatory]).mean() > 0.1
    np.testing.assert_array_equal(before.weight[~excitatory], after.weight[~excitatory])
    assert after.weight[excitatory].min() >= 0 and after.weight.max() <= 30e-9 * (1 + 1e-6)
    again = model.rows(X)
    np.testing.assert_array_equal(model.rows(X), again)  # looking changes nothing


def test_without_a_learning_rate_the_wiring_stays_as_drawn():
    model = cube(learning_rate=0.0, target_rate=25.0).fit(X, LABELS)
    assert model.wiring_ is model.drawn_


def test_connections_fall_with_the_distance_and_cluster_more_than_random_ones():
    w = cube(learning_rate=0.0, shape=(6, 6, 6), length=0.25).fit(X[:4], LABELS[:4]).wiring_
    near, far = (w.distance < 0.3).sum(), (w.distance > 0.6).sum()
    assert near > 10 * far
    links = np.zeros((w.n, w.n), bool)
    links[w.pre, w.post] = True
    both = (links | links.T).astype(float)
    triples = both.sum(1) * (both.sum(1) - 1)
    clustering = np.trace(both @ both @ both) / triples.sum()
    assert clustering > 1.5 * both.mean()


def test_places_of_neurons_and_of_inputs_may_be_given():
    places = RANDOM.random((50, 3))
    model = cube(positions=places, input_positions=places[[3, 7]], learning_rate=0.0).fit(X, LABELS)
    assert model.wiring_.n == 50 and {3, 7} <= set(model.inputs_.neuron.tolist())
    with pytest.raises(
        ValueError, match=r"input_positions must have shape \(2, 3\), one place a feature, got \(1, 3\)"
    ):
        cube(input_positions=places[:1]).fit(X, LABELS)


def test_a_cube_without_wiring_and_with_neurons_that_never_fire_is_said():
    few = r"NeuCube: 0 synapses among 27 neurons, less than one a neuron.* Raise length \(now 0.169\) .* neighbours \(0.5\), or probability"
    silent = (
        r"\d\d % of the neurons never fired in all training .* Raise target_rate, length \(now 0.169\) or amplitude"
    )
    with pytest.warns(UserWarning, match=few), pytest.warns(UserWarning, match=silent):
        model = cube(shape=(3, 3, 3), length=0.169, learning_rate=0.0).fit(X, LABELS)
    assert not len(model.wiring_.pre) and model.silent_ > 0.5


def test_input_that_makes_no_spike_is_named_as_the_cause():
    for x, options, words in (
        (np.ones((120, 2)), {"code": Rates(1e-9)}, r"Rates\(rate=1e-09, signed=True\) makes no spike of X, whose values lie between 1 and 1, .* larger scale"),
        (np.zeros((120, 2)), {}, "X is zero in all steps of all training sequences, so that no spike enters and the liquid is silent. Check X."),
    ):  # fmt: skip
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            cube(**options).fit([x] * 4, LABELS[:4])
        assert len(told) == 1 and re.match(f"NeuCube: {words}", str(told[0].message))
        assert told[0].filename == __file__


def test_a_matrix_holds_a_sequence_in_each_row():
    flat = np.array([part[:, 0] for part in X])
    model = cube(learning_rate=0.0, length=0.6).fit(flat, LABELS)
    assert isinstance(model.pooling_, DeSNN) and model.features_ == 1
    assert np.array_equal(model.rows(flat), model.rows([row[:, None] for row in flat]))
    assert np.array_equal(model.predict(flat), model.predict(flat[:, :, None]))


FEW_SPIKES = (
    "rows of two values last 20 ms, in which the order of spikes tells too little to be right for 83 % of the samples"
)


@pytest.mark.thorough
def test_it_is_an_estimator_of_scikit_learn():
    model = NeuCube(
        (3, 3, 3), length=0.5, target_rate=None, input_scale=3.0, learning_rate=0.0, readout=KNeighborsClassifier(3)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_estimator(model, expected_failed_checks={"check_classifiers_train": FEW_SPIKES})


def test_one_neuron_has_no_neighbours_to_name():
    with pytest.warns(UserWarning, match="0 synapses among 1 neurons.* between neighbours, or probability"):
        cube(shape=(1, 1, 1), learning_rate=0.0).fit(X, LABELS)


def test_a_saturated_cube_is_told_what_a_cube_has():
    scale = r"NeuCube: no scale of the input .* Change amplitude, length or target_rate"
    full = r"NeuCube: the cube is saturated: its neurons fired at 2\d\d Hz .* Lower amplitude \(now 1e-07 A\) or input_scale"
    with pytest.warns(UserWarning, match=scale), pytest.warns(UserWarning, match=full):
        cube(amplitude=100 * nA, inhibitory=0.0, target_rate=2000.0, input_scale=50.0, learning_rate=0.0).fit(
            X[:5], LABELS[:5]
        )

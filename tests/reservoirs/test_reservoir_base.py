"""What all reservoirs share: sequences in, labels or series out; errors that say what to do."""

import warnings

import numpy as np
import pytest
from sklearn.linear_model import Lasso, LogisticRegression, SGDClassifier
from sklearn.model_selection import cross_val_score
from sklearn.utils.estimator_checks import check_estimator

from ranvier.reservoirs import (
    FORCE,
    LMS,
    NVAR,
    RLS,
    All,
    Bucket,
    DeepEchoState,
    EchoState,
    Equidistant,
    Last,
    LiquidState,
    Mean,
    Reservoir,
    Ridge,
    RidgeClassifier,
    fitting,
)  # fmt: skip
from ranvier.reservoirs.pooling import Pooling, pooled
from ranvier.reservoirs.sequences import is_list

RANDOM = np.random.default_rng(0)
SERIES = RANDOM.normal(size=(120, 2))
TARGET = np.r_[0.0, SERIES[:-1, 0]]  # the first feature of the step before


def two_kinds(n: int = 24) -> tuple[list[np.ndarray], np.ndarray]:
    """Sequences of 8 to 14 steps that rise or fall, and which they do."""
    labels = np.array(["falls", "rises"])[np.arange(n) % 2]
    lengths = RANDOM.integers(8, 15, n)
    return [
        np.linspace(0, 1 if label == "rises" else -1, steps)[:, None] + 0.1 * RANDOM.normal(size=(steps, 1))
        for label, steps in zip(labels, lengths, strict=True)
    ], labels


def test_ragged_sequences_in_labels_out_in_one_call() -> None:
    x, y = two_kinds()
    model = EchoState(30).fit(x, y)
    assert model.predict(x).tolist() == y.tolist() and model.score(x, y) == 1.0
    assert isinstance(model.pooling_, Last) and isinstance(model.readout_, RidgeClassifier)
    assert model.decision_function(x).shape == (24,) and list(model.classes_) == ["falls", "rises"]
    assert model.rows(x).shape == (24, 30)


@pytest.mark.parametrize("readout", [Ridge(1e-9), RLS(alpha=1e-9), LMS(epochs=60), FORCE(alpha=1e-9), None])
def test_a_series_in_a_series_out_with_any_readout(readout: object) -> None:
    if isinstance(readout, FORCE):
        with pytest.raises(
            ValueError, match="FORCE trains the loop through the output. Give feedback=True, or use RLS"
        ):
            EchoState(20, readout=readout).fit(SERIES, TARGET)
        return
    model = EchoState(20, input_scaling=0.2, readout=readout, washout=10).fit(SERIES, TARGET)
    assert model.predict(SERIES).shape == (120,)
    assert model.score(SERIES, TARGET) > 0.9


def test_lists_and_arrays_come_back_in_their_form() -> None:
    x, y = [SERIES[:50], SERIES[50:]], [TARGET[:50], TARGET[50:]]
    model = EchoState(20, readout=Ridge(1e-9)).fit(x, y)
    found = model.predict(x)
    assert [part.shape for part in found] == [(50,), (70,)]
    cube, targets = SERIES.reshape(4, 30, 2), TARGET.reshape(4, 30)
    assert model.predict(cube).shape == (4, 30) and model.states(cube).shape == (4, 30, 20)
    assert model.predict(cube)[2] == pytest.approx(model.predict([SERIES[60:90]])[0], abs=1e-12)
    assert model.score(cube, targets) == pytest.approx(model.score(list(cube), list(targets)))
    assert EchoState(20, readout=Ridge(1e-9)).fit(SERIES[:, 0:1], SERIES).predict(SERIES[:, 0:1]).shape == (120, 2)


def test_several_outputs_need_no_readout_by_name() -> None:
    model = EchoState(10).fit(SERIES, SERIES)
    assert model.predict(SERIES).shape == (120, 2) and model.readout_.coef_.shape == (2, 10)


def test_pooling_and_the_input_beside_the_states() -> None:
    x, y = two_kinds()
    plain = EchoState(10, pooling=Equidistant(2), washout=3).fit(x, y)
    both = EchoState(10, pooling=Equidistant(2), washout=3, read_input=True).fit(x, y)
    states = plain.states([x[0]])[0][3:]
    expected = np.r_[states[-(-len(states) // 2) - 1], states[-1]]
    assert plain.rows(x)[0] == pytest.approx(expected)
    assert both.rows(x).shape == (24, 22) and both.rows(x)[0, 21] == x[0][-1, 0]
    s = np.arange(10.0).reshape(5, 2)
    assert Mean()(s).tolist() == [4, 5] and Last()(s).tolist() == [8, 9] and All()(s).tolist() == list(range(10))
    assert Equidistant(2, segments=True)(s).tolist() == [2, 3, 7, 8]
    assert Equidistant(3)(s[:1]).tolist() == [0, 1] * 3 == Equidistant(3, segments=True)(s[:1]).tolist()
    with pytest.raises(
        ValueError, match=r"All: sequences of different length give rows of different size, \(4,\) to \(10,\). Use Last"
    ):
        pooled(All(), [s, s[:2]])
    with pytest.raises(ValueError, match="Equidistant: count must be at least 1, got 0"):
        Equidistant(0)


def test_scikit_learns_estimators_serve_as_readouts() -> None:
    x, y = two_kinds()
    model = EchoState(20, readout=LogisticRegression(), pooling=Mean())
    assert cross_val_score(model, np.array([part[:8] for part in x]), y, cv=3).mean() == 1.0
    assert model.fit(x, y).predict_proba(x).shape == (24, 2)
    labels = (np.cumsum(SERIES[:, 0]) > 0).astype(int)
    steps = EchoState(20, readout=LogisticRegression()).fit(SERIES, labels)
    assert steps.predict_proba(SERIES).shape == (120, 2) and steps.score(SERIES, labels) > 0.6
    assert not hasattr(EchoState(readout=Ridge()), "decision_function")


def test_run_goes_on_from_a_state() -> None:
    for model in (
        EchoState(20, readout=Ridge(1e-6)),
        DeepEchoState((6, 5), readout=Ridge(1e-6)),
        NVAR(taps=3, readout=Ridge(1e-6)),
    ):
        model.fit(SERIES, TARGET)
        whole = model.run(SERIES)
        first = model.run(SERIES[:50])
        second = model.run(SERIES[50:], first.state)
        assert np.array_equal(whole.states, np.vstack([first.states, second.states]))
        assert whole.output[:50] == pytest.approx(first.output, abs=1e-12)
        assert whole.output[50:] == pytest.approx(second.output, abs=1e-12)


def test_long_memories_go_through_in_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = [SERIES[:50], SERIES[50:]], [TARGET[:50], TARGET[50:]]
    for readout in (Ridge(1e-6), RLS(alpha=1e-3), Ridge((1e-6, 1e6))):
        model = EchoState(20, readout=readout, washout=5)
        whole = model.fit(x, y).predict(SERIES)
        with monkeypatch.context() as patch:
            patch.setattr(fitting, "BYTES", 8 * 22 * 17)
            assert model.fit(x, y).predict(SERIES) == pytest.approx(whole, abs=1e-8)
    a, b = two_kinds()
    rows = EchoState(20).fit(a, b).rows(a)
    monkeypatch.setattr(fitting, "BYTES", 8 * 21 * 40)
    assert np.array_equal(EchoState(20).fit(a, b).rows(a), rows)


def test_readouts_that_need_all_states_get_them_where_there_is_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    model, risen = EchoState(20, readout=LogisticRegression()), TARGET > 0
    whole = model.fit(SERIES, risen).predict_proba(SERIES)
    monkeypatch.setattr(fitting, "BYTES", 8 * 22 * 17)
    for free in (None, 7 * 8 * 22 * len(SERIES)):
        monkeypatch.setattr(fitting, "available", lambda free=free: free)
        np.testing.assert_array_equal(model.fit(SERIES, risen).predict_proba(SERIES), whole)
    monkeypatch.setattr(fitting, "available", lambda: 3e4)
    text = (
        r"EchoState: 120 steps of 20 states take 2\.11e-05 GB, expected at most 15% of the 3e-05 GB that are available, since {} cannot learn in stretches\. "
        r"Use {}, or fewer steps"
    )
    with pytest.raises(ValueError, match=text.format("LogisticRegression", r"scikit-learn's SGDClassifier\(\)")):
        model.fit(SERIES, risen)
    with pytest.raises(ValueError, match=text.format("Lasso", r"Ridge\(\) or RLS\(\)")):
        EchoState(20, readout=Lasso()).fit(SERIES, TARGET)
    able = EchoState(20, readout=SGDClassifier(random_state=0)).fit(SERIES, risen)
    assert able.score(SERIES, risen) > 0.8


def long_and_short() -> list[np.ndarray]:
    return [RANDOM.normal(size=(steps, 2)) for steps in (3, 70, 5, 4, 1, 30, 2, 6)]


@pytest.mark.parametrize("limit", [1, 7, 40])
@pytest.mark.parametrize(
    "model",
    [
        EchoState(20, readout=Ridge(1e-6), washout=2), EchoState(8, readout=Ridge(1e-2), feedback=True), EchoState(8, readout=FORCE(), feedback=True),
        DeepEchoState((6, 5), readout=Ridge(1e-6), read_input=True, standardise=True), EchoState(9, readout=LogisticRegression()),
        NVAR(taps=3, difference=True, readout=Ridge(1e-3)), Bucket((4, 4), readout=Ridge(1e-3)),
        LiquidState((2, 2, 2), dt=1e-3, input_scale=5.0, readout=Ridge(1e-3)),
    ],
)  # fmt: skip
def test_predictions_have_the_same_bits_however_long_a_stretch(
    model: Reservoir, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = long_and_short()
    y: list[np.ndarray] = [part[::-1] if isinstance(model, NVAR) else np.roll(part[:, 0], 1) for part in x]
    if isinstance(model.readout, LogisticRegression):
        y = [part > 0 for part in y]
    model.fit([part[:30] for part in x[1::4]] * 2, [part[:30] for part in y[1::4]] * 2)
    monkeypatch.setattr(fitting, "TILE", (16, 1 << 22))
    methods = [name for name in ("predict", "predict_proba", "decision_function") if hasattr(model, name)]
    scored = slice(0, 4) if model._first() < 3 else slice(1, 2)
    before = [getattr(model, name)(x) for name in methods] + [[np.float64(model.score(x[scored], y[scored]))]]
    assert model.feedback or all(map(np.array_equal, before[0], model.run(x).output))
    monkeypatch.setattr(fitting, "BYTES", 8 * (model._columns + 2) * limit)
    after = [getattr(model, name)(x) for name in methods] + [[np.float64(model.score(x[scored], y[scored]))]]
    for one, other in zip(before, after, strict=True):
        assert all(map(np.array_equal, one, other))


@pytest.mark.parametrize("pooling", [Last(), Mean(), Equidistant(3), Equidistant(3, segments=True), lambda s: s.max(0)])
def test_pooled_rows_have_the_same_bits_however_long_a_stretch(
    pooling: Pooling, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, labels = long_and_short()[1::2], np.array(["a", "b", "a", "b"])
    model = EchoState(20, pooling=pooling, washout=2, readout=RidgeClassifier(1.0)).fit(x, labels)
    rows, output = model.rows(x), model.decision_function(x)
    for limit in (1, 7, 40):
        monkeypatch.setattr(fitting, "BYTES", 8 * 22 * limit)
        assert np.array_equal(model.rows(x), rows) and np.array_equal(model.decision_function(x), output)
        assert model.predict(x).tolist() == labels.tolist() and np.array_equal(model.fit(x, labels).rows(x), rows)


def test_stretches_are_no_longer_than_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    x, seen = long_and_short(), []
    model = EchoState(20, readout=Ridge(1e-6)).fit(x, [part[:, 0] for part in x])
    short = EchoState(20, pooling=Mean(), readout=Ridge(1e-6)).fit(x, np.arange(8.0))
    monkeypatch.setattr(fitting, "BYTES", 8 * 22 * 10)
    real = EchoState._scan
    monkeypatch.setattr(EchoState, "_scan", lambda self, rows, *more: seen.append(len(rows)) or real(self, rows, *more))
    model.predict(x)
    assert seen == [3, *[10] * 7, 10, 10, 10, 10, 8]
    seen.clear()
    short.predict(x)
    assert seen == [3, *[10] * 7, 10, 10, 10, 10, 8]


def test_rows_are_read_in_the_same_lots_however_they_are_parted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fitting, "TILE", (8, 24))  # of rows of two numbers 8, of rows of six 4
    rows = RANDOM.normal(size=(60, 2))
    for ends in ([60], [1, 2, 9, 30, 60], [8, 16, 60]):
        seen: list[int] = []
        (found,) = fitting.in_tiles(np.split(rows, ends[:-1]), [lambda part, seen=seen: seen.append(len(part)) or part])
        assert np.array_equal(found, rows) and seen == [8] * 7 + [4]
    assert [found.tolist() for found in fitting.in_tiles([rows.reshape(20, 6)], [len_of, len_of])] == [[4] * 5] * 2


def len_of(part: np.ndarray) -> np.ndarray:
    return np.array([len(part)])


def test_rows_of_several_sizes_are_refused_across_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    x = [SERIES[:5], SERIES[:5], SERIES[:6]]
    model = EchoState(4, pooling=All(), readout=Ridge(1.0)).fit(x[:2], [0.0, 1.0])
    monkeypatch.setattr(fitting, "BYTES", 8 * 6 * 10)
    with pytest.raises(ValueError, match=r"All: .* rows of different size, \(20,\) to \(24,\)"):
        model.rows(x)


def test_standardise_takes_mean_and_scale_from_the_training_steps() -> None:
    shifted = 1000.0 + 50.0 * SERIES
    plain = EchoState(20, readout=Ridge(1e-6)).fit((SERIES - SERIES.mean(0)) / SERIES.std(0), TARGET)
    ours = EchoState(20, readout=Ridge(1e-6), standardise=True).fit(shifted, TARGET)
    assert ours.predict(shifted) == pytest.approx(plain.predict((SERIES - SERIES.mean(0)) / SERIES.std(0)), abs=1e-8)


def test_what_is_a_list_of_sequences() -> None:
    assert is_list([np.zeros(3), np.zeros((2, 1))]) and is_list([[[1.0], [2.0]], [[3.0]]]) and is_list([[1, 2], [3]])
    assert (
        not is_list([[1.0, 2.0], [3.0, 4.0]])
        and not is_list([1.0, 2.0])
        and not is_list(np.zeros((2, 3, 4)))
        and not is_list([])
    )
    assert not is_list([np.float64(1), np.float64(2)])


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([np.zeros((5, 2)), np.array([[0.0, np.nan]])], [1.0, 2.0], "sequence 1 contains NaN or inf in 1 of 2 values, first in step 0. Fill gaps"),
        ([np.zeros((5, 2)), np.zeros((5, 3))], [1.0, 2.0], "the sequences have 2 to 3 features, expected the same in all"),
        ([np.zeros((5, 2)), np.zeros((0, 2))], [1.0, 2.0], "sequence 1 has no entries"),
        ([np.zeros((5, 2)), np.zeros((1, 5, 2))], [1.0, 2.0], r"sequence 1 has shape \(1, 5, 2\), expected \[T, features\]"),
        ([np.zeros((5, 2)), np.array(["a", "b"])], [1.0, 2.0], "sequence 1 holds what is no real number"),
        ([np.zeros((5, 2)), np.zeros((5, 2)) + 1j], [1.0, 2.0], "Complex data not supported"),
        (np.array([[0.0], [np.nan], [np.inf]]), [0.0, 1.0, 2.0], "EchoState: sequence 0 contains NaN or inf in 2 of 3 values, first in step 1"),
        (np.zeros((0, 4, 2)), [], "no sequence was given"),
        ([], [], "EchoState: no sequence was given"),
        ([np.zeros((5, 2))] * 2, ["a", "a"], "y holds one class only"),
        ([np.zeros((5, 2))] * 2, [np.zeros(5), np.zeros(4)], "sequence 1 has 5 steps and 4 targets; without pooling every step"),
        ([np.zeros((5, 2))] * 2, [np.zeros(5), 1.0], "sequence 1 has 5 steps and a single value"),
        ([np.zeros((5, 2))] * 2, [np.zeros(5)], "X has 2 sequences, y 1"),
        ([np.zeros((5, 2))] * 2, [np.nan, 1.0], "y contains NaN or inf in 1 of 2 values"),
        ([np.zeros((5, 2))] * 2, [1j, 1.0], "y is complex"),
        ([np.zeros((5, 2))] * 2, None, "requires y to be passed"),
    ],
)  # fmt: skip
def test_bad_sequences_and_targets_are_refused(x: object, y: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        EchoState(5).fit(x, y)


def test_other_refusals() -> None:
    x, y = two_kinds()
    with pytest.raises(
        ValueError, match=r"sequence \d+ has 8 steps, expected more than the washout of 8 .* Lower washout"
    ):
        EchoState(5, washout=8).fit([*x, x[0][:8]], [*y, "rises"])
    gap = np.array([[0.0, 1.0], [2.0, np.nan]])
    with pytest.raises(ValueError, match="sequence 1 contains NaN or inf in 1 of 2 values, first in step 1. Fill gaps"):
        EchoState(5, pooling=Last()).fit(gap, [0.0, 1.0])
    with pytest.raises(ValueError, match="sequence 0 contains NaN or inf in 1 of 4 values, first in step 1. Fill gaps"):
        EchoState(5).fit(SERIES, TARGET).predict(gap)
    with pytest.raises(ValueError, match="washout must be at least 0 steps, got -1"):
        EchoState(5, washout=-1).fit(x, y)
    with pytest.raises(
        ValueError, match=r"X has 2 sequences, y has shape \(3,\); with pooling every sequence needs one target"
    ):
        EchoState(5, pooling=Last()).fit(x[:2], y[:3])
    model = EchoState(5).fit([np.hstack([part, part]) for part in x], y)
    with pytest.raises(ValueError, match="X has 1 features, but EchoState is expecting 2 features as input"):
        model.predict(x)
    with pytest.raises(
        ValueError, match=r"X is a matrix, but the sequences of the fit had 2 features. Give a list: \[X\]"
    ):
        model.predict(x[0])
    with pytest.raises(ValueError, match="generate needs an output a step. Leave pooling out"):
        model.generate(3, [np.zeros((4, 2))])
    with pytest.raises(ValueError, match="there are 1 outputs and 2 features"):
        EchoState(5).fit(SERIES, TARGET).generate(3, SERIES)
    assert EchoState(5, pooling=Last()).fit(x, y).run(x).output is None


class Bare(Reservoir):
    readout, pooling, washout, read_input, standardise, random_state = None, None, 0, False, False, 0


def test_a_subclass_must_say_how_it_draws_and_scans() -> None:
    bare = Bare()
    with pytest.raises(TypeError, match=r"Bare defines no _draw\(self, inputs\)"):
        bare._draw(1)
    with pytest.raises(TypeError, match="Bare defines no _scan"):
        bare._scan(SERIES, np.array([0, 1]), None)
    with pytest.raises(TypeError, match="Bare defines no _columns"):
        _ = bare._columns
    assert bare._noise() is None


def test_a_diverging_reservoir_says_so() -> None:
    with (
        pytest.raises(
            ValueError,
            match=r"the states diverge, they are not finite from step \d+ of sequence 0 on. Lower spectral_radius",
        ),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        EchoState(5, activation="identity", spectral_radius=1e6, readout=Ridge(1.0)).fit(SERIES, TARGET)


@pytest.mark.thorough
def test_scikit_learn_takes_a_classifying_reservoir_for_a_classifier() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_estimator(EchoState(20, readout=RidgeClassifier(1e-3), pooling=Last()))


STEPS_IN_ORDER = {
    "check_methods_sample_order_invariance": "rows of a matrix are time steps: their order counts",
    "check_methods_subset_invariance": "rows of a matrix are time steps: a part of them begins from rest",
    "check_fit2d_1sample": "the refusal of one step names the washout",
}


@pytest.mark.thorough
@pytest.mark.parametrize(
    "model",
    [
        EchoState(20, input_scaling=0.1, readout=Ridge(1e-6), pooling=Last()), EchoState(20, readout=Ridge(1e-3)), EchoState(20),
        EchoState(20, readout=Ridge(1e-3), feedback=True), DeepEchoState((8, 8), readout=RidgeClassifier(1e-3), pooling=Last()),
        DeepEchoState((8, 8), readout=Ridge(1e-3)), NVAR(readout=Ridge(1e-3)),
    ],
)  # fmt: skip
def test_scikit_learns_own_checks_of_reservoirs(model: Reservoir) -> None:
    expected = STEPS_IN_ORDER if model.pooling is None else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_estimator(model, expected_failed_checks=expected)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: EchoState(topology="cycle"), r"topology must be an object such as Cycle\(\), got 'cycle'"),
        (lambda: EchoState(pooling="last"), r"pooling must be an object such as Last\(\)"),
        (lambda: EchoState(readout=Ridge), r"readout must be an object such as Ridge\(1e-6\)"),
        (lambda: EchoState(plasticity=True), r"plasticity must be an object such as IntrinsicPlasticity\(\), got True"),
        (lambda: LiquidState(code="rates"), r"code must be an object such as Counts\(\)"),
    ],
)
def test_names_in_place_of_objects(make, words):
    with pytest.raises(TypeError, match=words):
        make().fit(np.ones((9, 1)), np.ones(9))

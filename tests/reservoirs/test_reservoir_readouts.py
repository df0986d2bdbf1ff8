"""Readouts: ridge by orthogonal factorisation, and those that learn row by row."""

import warnings

import numpy as np
import pytest
from sklearn.linear_model import Ridge as NormalEquations
from sklearn.linear_model import RidgeClassifier as SklearnRidgeClassifier
from sklearn.utils.estimator_checks import check_estimator

from ranvier.reservoirs import FORCE, LMS, RLS, Ridge, RidgeClassifier
from ranvier.reservoirs.readouts import solutions
from ranvier.reservoirs.readouts.factor import Factor
from ranvier.reservoirs.readouts.rls import OnlineReadout
from ranvier.reservoirs.readouts.solutions import Normal, Path

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(60, 5)) + 3.0, RANDOM.normal(size=(60, 2))


@pytest.mark.parametrize("rows", [60, 4])
def test_ridge_solves_what_it_says(rows: int) -> None:
    ours, theirs = Ridge(0.3).fit(X[:rows], Y[:rows]), NormalEquations(0.3).fit(X[:rows], Y[:rows])
    assert ours.coef_ == pytest.approx(theirs.coef_, abs=1e-12)
    assert ours.predict(X) == pytest.approx(theirs.predict(X), abs=1e-11)
    flat = Ridge(0.3).fit(X[:rows], Y[:rows, 0])
    assert flat.coef_.shape == (5,) and flat.predict(X).shape == (60,)


def test_rows_in_blocks_give_the_same_weights() -> None:
    whole, parts = Ridge(1e-3).fit(X, Y), Ridge(1e-3)
    for k in range(0, 60, 7):
        parts.partial_fit(X[k : k + 7], Y[k : k + 7])
    assert parts.coef_ == pytest.approx(whole.coef_, abs=1e-12)
    assert parts.intercept_ == pytest.approx(whole.intercept_, abs=1e-12)


def test_badly_conditioned_states_keep_their_digits() -> None:
    """Normal equations square the condition number of 1e10: they lose every digit of the small direction."""
    u, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(200, 6)))
    u -= u.mean(0)
    v, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(6, 6)))
    s = (u * np.logspace(0, -9, 6)) @ v.T
    y = s @ np.ones(6)
    ours = Ridge(1e-24).fit(s, y)
    gram = np.linalg.lstsq(s.T @ s + 1e-24 * np.eye(6), s.T @ y, rcond=0)[0]
    assert ours.coef_ == pytest.approx(np.ones(6), abs=1e-4)
    assert np.abs(gram - 1).max() > 1e-2


def spread(smallest: float) -> np.ndarray:
    """States [200, 6] whose singular values go from 1 down to the smallest."""
    u, _ = np.linalg.qr(np.random.default_rng(1).normal(size=(200, 6)) - 0.1)
    v, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(6, 6)))
    return (u * np.geomspace(1, smallest, 6)) @ v.T


def quick(s: np.ndarray, y: np.ndarray) -> Normal:
    factor = Factor(s.shape[1], y.shape[1])
    factor.add(s, y)
    assert factor.rows is not None
    return Normal(factor.rows, factor.states)


def test_a_quick_solution_has_the_digits_of_a_factorisation_or_is_none() -> None:
    y = np.random.default_rng(3).normal(size=(200, 2))
    found = quick(spread(1e-5), y).solve(1e-11)
    factor = Factor(6, 2)
    factor.add(spread(1e-5), y)
    weights, bias = Path(factor).solve(1e-11)
    assert found is not None
    assert np.linalg.norm(found[0] - weights) < 1e-10 * np.linalg.norm(weights) and found[1] == pytest.approx(bias)
    assert quick(spread(1e-7), y).solve(1e-15) is None  # Cholesky's factor exists, and is badly conditioned
    assert quick(spread(1e-12), y).solve(0.0) is None  # there is none


def test_a_correction_that_does_not_shrink_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solutions, "WELL", 0.0)
    assert quick(spread(1e-8), np.random.default_rng(3).normal(size=(200, 2))).solve(1e-16) is None
    assert quick(X, np.zeros((60, 1))).solve(1.0) is not None


def test_the_penalty_is_chosen_for_groups_that_are_new(monkeypatch: pytest.MonkeyPatch) -> None:
    rng, alphas = np.random.default_rng(5), (1e-3, 30.0)
    labels, groups = rng.integers(0, 3, 80), np.repeat(["a", "b", "c", "d"], 20)
    s = rng.normal(size=(80, 6)) + np.eye(3, 6)[labels]
    wrong = []
    for alpha in alphas:
        other = SklearnRidgeClassifier(alpha)
        wrong.append(0.0)
        for out in (groups == g for g in "abcd"):
            wrong[-1] += np.mean(other.fit(s[~out], labels[~out]).predict(s[out]) != labels[out]) / 4
    for well in (solutions.WELL, 2.0):  # with the second no conditioning is good enough, so that all are decomposed
        monkeypatch.setattr(solutions, "WELL", well)
        found = RidgeClassifier(alphas).fit(s, labels, groups)
        assert found.errors_ == pytest.approx(wrong)
        assert found.alpha_ == alphas[int(np.argmin(wrong))]


def test_the_penalty_is_chosen_by_cross_validation_over_whole_sequences() -> None:
    x = RANDOM.normal(size=(40, 10))
    y = 3.0 * x[:, 0] + RANDOM.normal(size=40)
    chosen = Ridge((1e-8, 10.0, 1e8), folds=4).fit(x, y)
    assert chosen.errors_ is not None and chosen.errors_.shape == (3,)
    assert chosen.alpha_ == (1e-8, 10.0, 1e8)[int(chosen.errors_.argmin())] < 1e8
    held = []
    for k in range(4):
        out = slice(10 * k, 10 * k + 10)
        rest = np.delete(np.arange(40), np.arange(40)[out])
        held.append(np.square(NormalEquations(10.0).fit(x[rest], y[rest]).predict(x[out]) - y[out]).sum())
    assert chosen.errors_[1] == pytest.approx(sum(held) / 40, rel=1e-9)
    groups = np.repeat(np.arange(8), 5)
    by_groups = Ridge((1.0, 10.0), folds=4).fit(x, y, groups)
    wrong = 0.0
    for k in range(4):
        out = groups % 4 == k
        wrong += np.square(NormalEquations(10.0).fit(x[~out], y[~out]).predict(x[out]) - y[out]).sum()
    assert by_groups.errors_ is not None and by_groups.errors_[1] == pytest.approx(wrong / 40, rel=1e-9)


def test_stretches_are_the_folds_of_blocks() -> None:
    y = X[:, 0] + 0.1 * Y[:, 0]
    parts = Ridge((1e-3, 1e3), folds=3)
    for k in range(0, 60, 20):
        parts.accumulate(X[k : k + 20], y[k : k + 20])
    assert parts.finish().alpha_ == 1e-3 == Ridge((1e-3, 1e3), folds=3).fit(X, y).alpha_


def test_a_singular_fit_without_penalty_warns_and_takes_the_smallest_weights() -> None:
    doubled = np.hstack([X, X])
    with pytest.warns(
        UserWarning, match="the states have rank 5 of 10 columns over 60 rows, and alpha = 0 is too small"
    ):
        found = Ridge(0.0).fit(doubled, Y[:, 0])
    assert found.coef_[:5] == pytest.approx(found.coef_[5:], abs=1e-10)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Ridge(0.0).fit(X, Y[:, 0]).predict(X) == pytest.approx(
            NormalEquations(0.0).fit(X, Y[:, 0]).predict(X), abs=1e-9
        )


def test_a_constant_target_warns() -> None:
    with pytest.warns(UserWarning, match="Ridge: a target has the same value in all rows"):
        found = Ridge(1.0).fit(X, np.full(60, 2.0))
    assert found.predict(X) == pytest.approx(2.0)


@pytest.mark.parametrize("readout", [RLS(), LMS(), FORCE()])
def test_a_constant_target_warns_those_that_learn_row_by_row(readout: RLS) -> None:
    text = f"{type(readout).__name__}: a target has the same value in all rows"
    with pytest.warns(UserWarning, match=text):
        readout.fit(X, np.c_[Y[:, 0], np.zeros(60)])
    readout.fit(X, Y).partial_fit(X[:1], Y[:1])  # one row tells nothing of those before and after it
    with pytest.warns(UserWarning, match=text):
        readout.fit(X[:30], np.zeros(30)).partial_fit(X[30:], np.zeros(30)).finish()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        readout.partial_fit(X[:1], [1.0]).finish()


def test_bad_penalties_are_refused() -> None:
    with pytest.raises(ValueError, match=r"Ridge: alpha must be at least 0, got -1.0. Use for example alpha=1e-6"):
        Ridge(-1.0).fit(X, Y)
    with pytest.raises(ValueError, match="Ridge: folds must be at least 2, got 1"):
        Ridge(folds=1).fit(X, Y)


def test_the_classifier_is_ridge_on_one_target_a_class() -> None:
    labels = np.array(["a", "b", "c"])[np.arange(60) % 3]
    x = X + 2.0 * np.eye(5)[np.arange(60) % 3]
    ours, theirs = RidgeClassifier(1.0).fit(x, labels), SklearnRidgeClassifier(1.0).fit(x, labels)
    assert ours.coef_ == pytest.approx(theirs.coef_, abs=1e-12)
    assert np.array_equal(ours.predict(x), np.asarray(theirs.predict(x))) and set(ours.classes_) == {"a", "b", "c"}
    with pytest.raises(ValueError, match="y holds one class only"):
        RidgeClassifier(1.0).fit(x, ["a"] * 60)


def test_leaving_one_row_out_is_what_it_says() -> None:
    labels = np.arange(60) % 3
    x = X + 0.7 * np.eye(5)[labels]
    chosen = RidgeClassifier((0.1, 100.0)).fit(x, labels)
    wrong = 0
    for k in range(60):
        rest = np.arange(60) != k
        wrong += RidgeClassifier(100.0).fit(x[rest], labels[rest]).predict(x[k : k + 1])[0] != labels[k]
    assert chosen.errors_[1] == pytest.approx(wrong / 60)


def test_the_classifiers_folds() -> None:
    labels = np.arange(60) % 3
    x = X + np.eye(5)[labels]
    groups = np.repeat(np.arange(10), 6)
    whole = RidgeClassifier((1e-3, 1.0)).fit(x, labels, groups)
    wrong = 0
    for k in range(5):
        out = groups % 5 == k
        wrong += (RidgeClassifier(1.0).fit(x[~out], labels[~out]).predict(x[out]) != labels[out]).sum()
    assert whole.errors_[1] == pytest.approx(wrong / 60)
    same = RidgeClassifier((1e-9, 2e-9, 1e-10), folds=3).fit(x, labels)
    assert same.alpha_ == 2e-9 and len(set(same.errors_)) == 1, "the largest among equals"
    with pytest.raises(ValueError, match="a class with a single row cannot be held out. Use folds=None"):
        RidgeClassifier(folds=3).fit(x[:4], [0, 0, 0, 1])


def test_rls_without_forgetting_is_ridge_and_with_it_follows_a_change() -> None:
    rows = np.hstack([X, np.ones((60, 1))])
    batch = np.linalg.solve(rows.T @ rows + 0.1 * np.eye(6), rows.T @ Y)
    online = RLS(alpha=0.1).fit(X[:30], Y[:30]).partial_fit(X[30:], Y[30:])
    assert np.vstack([online.coef_.T, online.intercept_]) == pytest.approx(batch, abs=1e-9)
    x = RANDOM.normal(size=(400, 3))
    y = np.where(np.arange(400) < 200, x[:, 0], -x[:, 0])
    assert RLS(forgetting=0.9).fit(x, y).coef_[0] == pytest.approx(-1, abs=0.2)
    assert abs(RLS().fit(x, y).coef_[0]) < 0.5


def test_forgetting_stays_stable() -> None:
    for seed in range(20):
        x = np.random.default_rng(seed).normal(size=(2000, 3))
        assert RLS(forgetting=0.9).fit(x, -x[:, 0]).coef_ == pytest.approx([-1, 0, 0], abs=1e-6)


def test_lms_and_force_find_the_weights() -> None:
    x = RANDOM.normal(size=(300, 3))
    y = x @ [1.0, -2.0, 0.5] + 0.3
    for readout in (LMS(epochs=20), FORCE(alpha=1e-6)):
        found = readout.fit(x, y)
        assert found.coef_ == pytest.approx([1, -2, 0.5], abs=1e-4) and found.intercept_ == pytest.approx(0.3, abs=1e-4)


def test_online_readouts_refuse_bad_arguments() -> None:
    for readout, message in (
        (RLS(forgetting=1.5), r"RLS: forgetting must lie in \(0, 1\], got 1.5"),
        (RLS(alpha=0.0), "RLS: alpha must be above 0, got 0.0"),
        (LMS(rate=2.0), r"LMS: rate must lie in \(0, 2\), got 2.0"),
        (LMS(epochs=0), "LMS: epochs must be at least 1"),
        (FORCE(alpha=-1.0), "FORCE: alpha must be above 0"),
        (FORCE(every=0), "FORCE: every and epochs must be at least 1, got 0 and 1"),
    ):
        with pytest.raises(ValueError, match=message):
            readout.fit(X, Y)
    with pytest.raises(ValueError, match="RLS: the weights diverge. Use a forgetting nearer to 1"):
        RLS(forgetting=1e-3).fit(np.ones((300, 2)), np.arange(300.0))
    with pytest.raises(TypeError, match="OnlineReadout defines no _begin"):
        OnlineReadout().fit(X, Y)
    with pytest.raises(TypeError, match="OnlineReadout defines no _learn"):
        OnlineReadout()._learn(X, Y)


@pytest.mark.thorough
@pytest.mark.parametrize("readout", [Ridge(1e-3), RidgeClassifier(), RLS(), LMS(epochs=50), FORCE()])
def test_scikit_learns_own_checks(readout: object) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_estimator(readout)

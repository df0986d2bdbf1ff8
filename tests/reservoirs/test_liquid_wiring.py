"""The wiring of a liquid: how many connections of each kind, of what length, size and dynamics."""

from dataclasses import replace

import numpy as np
import pytest

from ranvier.reservoirs.wiring import AMPLITUDE, FACILITATION, PROBABILITY, RECOVERY, USE, column, connected, joined
from ranvier.simulation import grid
from ranvier.units import nA

COLUMNS = [column((15, 3, 3), np.random.default_rng(seed)) for seed in range(40)]


def test_the_column_has_135_neurons_a_fifth_inhibitory():
    w = COLUMNS[0]
    assert w.n == 135 and w.inhibitory.sum() == 27 and w.positions.max(0).tolist() == [14, 2, 2]
    assert any((a.inhibitory != w.inhibitory).any() for a in COLUMNS[1:])


@pytest.mark.parametrize("kind", range(4))
def test_connections_of_each_kind_are_as_many_as_their_probabilities_add_up_to(kind):
    expected = variance = found = 0.0
    for w in COLUMNS:
        d2 = np.square(w.positions[:, None] - w.positions[None]).sum(-1)
        p = PROBABILITY[kind] * np.exp(-d2 / 4.0)
        mine = (2 * w.inhibitory[:, None] + w.inhibitory[None] == kind) & (d2 > 0)
        expected += p[mine].sum()
        variance += (p[mine] * (1 - p[mine])).sum()
        found += (w.kind == kind).sum()
    assert abs(found - expected) < 4 * np.sqrt(variance)


def test_connections_fall_with_the_distance_as_a_gaussian_of_lambda():
    for lam in (1.0, 2.0, 4.0):
        ws = [column((15, 3, 3), np.random.default_rng(s), lam=lam, probability=(0.5,) * 4) for s in range(20)]
        d2 = np.square(ws[0].positions[:, None] - ws[0].positions[None]).sum(-1)
        for squared in (1, 2, 4, 9):
            pairs = (d2 == squared).sum() * len(ws)
            p = 0.5 * np.exp(-squared / lam**2)
            found = sum(np.isclose(w.distance**2, squared).sum() for w in ws)
            assert abs(found - pairs * p) < 4 * np.sqrt(pairs * p * (1 - p)) + 1


def test_nothing_reaches_itself_or_a_neighbour_twice():
    for w in COLUMNS[:5]:
        assert (w.pre != w.post).all() and len(np.unique(w.pre * w.n + w.post)) == len(w.pre)


def test_amplitudes_are_gamma_distributed_and_constants_lie_around_those_of_the_paper():
    for kind in range(4):
        weight, use, recovery, facilitation = (
            np.concatenate([getattr(w, name)[w.kind == kind] for w in COLUMNS]) for name in ("weight", "use", "recovery", "facilitation")
        )  # fmt: skip
        error = 1 / np.sqrt(len(weight))
        mean = AMPLITUDE[kind]
        assert weight.mean() == pytest.approx(mean, rel=5 * error)
        assert weight.std() == pytest.approx(abs(mean), rel=10 * error)
        assert (np.sign(weight) == np.sign(mean)).all()
        assert (use > 0).all() and (use <= 1).all()
        for found, middle in ((recovery, RECOVERY[kind]), (facilitation, FACILITATION[kind])):
            assert (found > 0).all()
            assert np.median(found) == pytest.approx(
                1.03 * middle, rel=5 * error
            )  # a normal one of deviation a half without its part below 0
        assert USE[kind] * 0.8 < np.median(use) < USE[kind] * 1.2
    assert pytest.approx(30 * nA) == AMPLITUDE[0]


def test_no_spread_is_the_paper_s_constants_themselves():
    w = column((4, 3), np.random.default_rng(0), spread=0.0)
    np.testing.assert_array_equal(w.use, np.asarray(USE)[w.kind])
    assert w.positions.shape == (12, 3) and (w.positions[:, 2] == 0).all()


def test_liquids_beside_each_other_keep_their_own_connections():
    both = joined(COLUMNS[:2])
    assert both.n == 270 and len(both.pre) == len(COLUMNS[0].pre) + len(COLUMNS[1].pre)
    assert ((both.pre < 135) == (both.post < 135)).all()
    assert both.positions[:135, 0].max() < both.positions[135:, 0].min()


def test_pairs_of_several_factors_are_drawn_each_with_its_own():
    positions = grid(6, 6)
    factor = np.where(np.arange(36)[:, None] < 18, 1.0, 0.0) * np.ones((36, 36))
    pre, post = connected(positions, lambda d: np.ones_like(d), factor, np.random.default_rng(0))
    assert len(pre) == 18 * 35 and pre.max() == 17 and (pre != post).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"post": COLUMNS[0].post + 1}, r"pre and post must be whole numbers in 0\.\.134, got 0 to 135"),
        ({"delay": COLUMNS[0].delay[1:]}, "shapes do not belong together"),
        ({"inhibitory": np.zeros(135)}, r"inhibitory \(135,\) float64"),
        ({"weight": COLUMNS[0].weight * np.nan}, "it holds NaN or inf"),
    ],
)
def test_wirings_that_cannot_be_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        replace(COLUMNS[0], **change)

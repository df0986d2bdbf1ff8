"""The bucket of water against its equation, its limits, and what its surface tells."""

import numpy as np
import pytest

from ranvier.reservoirs import Bucket, Last, RidgeClassifier, load, save
from ranvier.units import ms

RANDOM = np.random.default_rng(0)


def by_hand(model: Bucket, rows: np.ndarray) -> np.ndarray:
    """Surface after every row, [T, H, W], by the leapfrog formula."""
    c2, k = (model.speed * model.dt / model.spacing) ** 2, model.damping * model.dt / 2
    now = before = np.zeros(tuple(model.shape))
    found = []
    for row in rows:
        for _ in range(round(model.step / model.dt)):
            wide = np.pad(now, 1, mode="edge")
            bend = wide[:-2, 1:-1] + wide[2:, 1:-1] + wide[1:-1, :-2] + wide[1:-1, 2:] - 4 * now
            push = np.zeros_like(now)
            for (r, c), value in zip(model.places_, row, strict=True):
                push[r, c] += c2 * model.input_scaling * value
            now, before = (2 * now - (1 - k) * before + c2 * bend + push - push.mean()) / (1 + k), now
        found.append(now)
    return np.array(found)


@pytest.mark.parametrize("observe", ["raw", "absolute", "gradient"])
def test_the_surface_is_that_of_the_equation(observe):
    rows = RANDOM.normal(size=(12, 3))
    model = Bucket((7, 5), observe=observe, every=2, dt=5 * ms, input_scaling=0.5).fit(rows, rows[:, 0])
    u = by_hand(model, rows)
    down = np.diff(u, axis=1, append=u[:, -1:])
    along = np.diff(u, axis=2, append=u[:, :, -1:])
    seen = {"raw": u, "absolute": np.abs(u), "gradient": np.sqrt(down**2 + along**2)}[observe]
    assert model.states(rows) == pytest.approx(seen[:, ::2, ::2].reshape(12, -1), abs=1e-14)


def test_a_run_in_two_parts_is_the_whole_run_and_sequences_do_not_touch():
    x = [RANDOM.normal(size=(n, 2)) for n in (9, 4)]
    model = Bucket((6, 6)).fit(x, [a[:, 0] for a in x])
    first = model.run([x[0][:5]])
    second = model.run([x[0][5:]], first.state)
    both = model.states(x)
    assert np.array_equal(np.vstack([first.states[0], second.states[0]]), both[0])
    assert np.array_equal(model.states(x[1:])[0], both[1])


def test_waves_die_out_and_do_not_grow_at_the_limit():
    push = np.zeros((400, 1))
    push[0] = 1.0
    model = Bucket((8, 8), dt=0.01 / (0.5 * np.sqrt(2)), step=0.01 / (0.5 * np.sqrt(2)), observe="raw")
    size = np.abs(model.fit(push, push[:, 0]).states(push)).max(1)
    assert size.max() < 1 and size[300:].max() < 0.05 * size[:10].max()
    assert np.abs(model.run(push[:20]).state[0, 0].mean()) < 1e-12  # the volume stays


def xor(seed: int, count: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Two motors that swing or rest, with noise; whether exactly one of them swings."""
    rng = np.random.default_rng(seed)
    both = rng.integers(0, 2, (count, 2))
    swing = np.sin(0.8 * np.arange(40))[:, None]
    return [swing * pair + rng.normal(0, 0.02, (40, 2)) for pair in both], both[:, 0] != both[:, 1]


def test_the_absolute_surface_solves_xor_and_the_raw_one_cannot():
    (x, y), (new, labels) = xor(0, 60), xor(1, 60)
    scores = {}
    for observe in ("absolute", "raw"):
        model = Bucket((10, 10), observe=observe, pooling=Last(), readout=RidgeClassifier(1e-3)).fit(x, y)
        scores[observe] = (model.score(x, y), model.score(new, labels))
    assert scores["absolute"][0] == 1.0 and scores["absolute"][1] >= 0.95
    assert scores["raw"][1] < 0.8


def test_a_surface_that_is_not_finite_is_refused_with_what_a_bucket_has():
    x = np.full((40, 1), 1e308)
    with pytest.raises(ValueError, match="Bucket: the states diverge, .* Lower input_scaling, or bring X"):
        Bucket((6, 6), input_scaling=1e3).fit(x, np.arange(40.0))


def test_a_file_holds_it(tmp_path):
    rows = RANDOM.normal(size=(6, 2))
    model = Bucket((5, 4), motors=[(0, 0), (2, 3)]).fit(rows, rows[:, 0])
    again = load(save(model, tmp_path / "bucket"))
    assert np.array_equal(again.predict(rows), model.predict(rows)) and again.places_.tolist() == [[0, 0], [2, 3]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dt": 20 * ms, "step": 20 * ms}, r"dt must be at most spacing/\(speed sqrt\(2\)\) = 0.0141 s, got 0.02 s"),
        ({"damping": 0.0}, "damping must be above 0, got 0.0"),
        ({"shape": (5,)}, r"shape must be two whole numbers above 1, got \(5,\)"),
        ({"observe": "colour"}, "observe must be one of absolute, gradient, raw, got 'colour'"),
        ({"step": 15 * ms}, "step must be a multiple of dt, got 0.015 s and 0.01 s"),
        (
            {"step": 20_000.0},
            r"a row of 20000 s would take 2e\+06 steps of 0.01 s, expected at most 1,000,000. Write step=10 \* ms",
        ),
        ({"motors": [(0, 9), (0, 0)]}, r"motors must be 2 places \(row, column\) in a surface of 4 x 4"),
        ({"shape": (2, 2), "inputs": 5}, "5 motors do not fit the 4 cells of the rim"),
    ],
)
def test_what_cannot_be_is_refused(options, message):
    inputs = options.pop("inputs", 2)
    with pytest.raises(ValueError, match=message):
        Bucket(**{"shape": (4, 4), **options}).fit(np.ones((5, inputs)), np.arange(5.0))

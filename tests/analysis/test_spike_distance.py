import numpy as np
import pytest

from ranvier.analysis import spike_distance


def plain(a: list[float], b: list[float], stop: float, points: int = 20_000) -> float:
    """S(t) from its definition on a fine grid; both trains have spikes at the edges."""
    total = 0.0
    for t in (np.arange(points) + 0.5) * stop / points:
        found = []
        for own, other in ((a, b), (b, a)):
            before, after = max(s for s in own if s <= t), min(s for s in own if s > t)
            d_before, d_after = (min(abs(s - o) for o in other) for s in (before, after))
            x = after - before
            found.append(((d_before * (after - t) + d_after * (t - before)) / x, x))
        (at_a, x), (at_b, y) = found
        total += (at_a * y + at_b * x) / (2 * ((x + y) / 2) ** 2)
    return total / points


def test_golden() -> None:
    found = spike_distance([0.0, 2.0, 5.0, 8.0], [0.0, 1.0, 5.0, 9.0], stop=10.0)
    assert found == pytest.approx(0.186309523809523814, abs=1e-14)


def test_it_is_the_definition() -> None:
    a, b = [0.0, 0.3, 0.35, 0.8, 1.0], [0.0, 0.1, 0.4, 0.75, 0.9, 1.0]
    assert spike_distance(a, b, stop=1.0) == pytest.approx(plain(a, b, 1.0), abs=1e-6)


def test_a_constant_shift_of_a_regular_train() -> None:
    # Between the edges every spike is 1/8 from its nearest and all intervals are 1/2: S = 2 * (1/8) / (1/2) / 2 = 1/4.
    a = np.arange(0.0, 1000.0, 0.5)
    assert spike_distance(a, a + 0.125, stop=1000.0) == pytest.approx(0.25, abs=1e-3)


def test_silence() -> None:
    assert spike_distance([], [], stop=1.0) == 0.0
    assert spike_distance([], [0.0, 1.0], stop=1.0) == 0.0  # a silent train is one with spikes at both edges
    assert 0.0 < spike_distance([], [0.5], stop=1.0) <= 1.0

"""Currents and rates that change in time."""

import numpy as np
import pytest
import torch

import ranvier as rv
from ranvier.simulation import engine
from ranvier.simulation.timed import BLOCK
from ranvier.units import ms

DT = 1e-4
VALUES = np.random.default_rng(0).uniform(0, 3, (7, 150))


def wave(t):
    return 1 + 0.5 * np.sin(2 * np.pi * 8 * t)


def moving(t):
    return 50.0 * (t[:, None] > np.linspace(0, 0.1, 150))


def built(current, rate):
    net = rv.Network(dt=DT, seed=1, dtype=torch.float64)
    cells = net.add(150, rv.LIF(dt=DT, tau_mem=20 * ms), "cells").inject(current)
    noise = net.add(150, rv.PoissonSource(rate), "noise")
    net.record(cells, "v", neurons=[0, 149])
    return net, cells, noise


@pytest.mark.parametrize(
    ("current", "rate"),
    [
        (rv.Timed(wave), rv.Timed([0.0, 100.0, 3.0], dt=33 * ms)),
        (rv.Timed(VALUES, dt=17 * ms), rv.Timed(moving)),
    ],
)
def test_they_are_the_same_for_any_cut_of_a_run_and_any_threads(current, rate, monkeypatch):
    net, cells, noise = built(current, rate)
    whole = net.run(0.12)
    again, same, _ = built(current, rate)
    threads = torch.get_num_threads()
    try:
        monkeypatch.setattr(engine, "WORTH", 0)
        torch.set_num_threads(2)
        pieces = [again.run(t) for t in (0.0371, 0.05, 0.0329)]
    finally:
        torch.set_num_threads(threads)
    for name in ("steps", "neurons"):
        np.testing.assert_array_equal(np.concatenate([getattr(p, name) for p in pieces]), getattr(whole, name))
    v = np.concatenate([p.trace(same, "v")[1] for p in pieces])
    np.testing.assert_array_equal(v, whole.trace(cells, "v")[1])
    assert whole.counts(noise).sum() > 100


def test_a_neuron_does_with_it_what_it_does_with_that_input():
    for values in (VALUES[:, :3], VALUES[:, 0]):
        net = rv.Network(dt=DT, dtype=torch.float64)
        cells = net.add(3, rv.LIF(dt=DT, tau_mem=20 * ms)).inject(rv.Timed(values, dt=1 * ms))
        net.record(cells, "v")
        found = net.run(9 * ms).trace(cells, "v")[1]
        held = np.repeat(np.r_[values, values[-1:], values[-1:]], 10, 0).reshape(90, 1, -1)  # the last value lasts
        x = torch.tensor(np.broadcast_to(held, (90, 1, 3)).copy())
        neuron = rv.LIF(dt=DT, tau_mem=20 * ms, backend="eager")
        np.testing.assert_allclose(found, neuron.run(x, record=("v",)).records["v"][:, 0], rtol=1e-12)


def test_a_source_fires_at_the_rate_of_its_time():
    net = rv.Network(seed=2, dtype=torch.float64)
    ramp = net.add(4000, rv.PoissonSource(rv.Timed(lambda t: 400 * t)), "ramp")
    _, rate = net.run(0.2).population_rate(ramp, 0.05)
    np.testing.assert_allclose(rate, [10, 30, 50, 70], rtol=0.12)
    assert (
        repr(ramp.model) == "PoissonSource(rate=Timed(test_a_source_fires_at_the_rate_of_its_time.<locals>.<lambda>))"
    )


def test_a_function_is_asked_in_the_same_blocks_however_a_run_is_cut():
    asked = []

    def count(t):
        asked.append((t[0], len(t)))
        return np.full(len(t), float(len(asked)))

    timed = rv.Timed(count)
    first, second = timed.table(BLOCK - 2, BLOCK + 2, 1.0), timed.table(BLOCK + 2, BLOCK + 3, 1.0)
    assert first.ravel().tolist() == [1, 1, 2, 2] and second.item() == 2
    assert asked == [(0, BLOCK), (BLOCK, BLOCK)]
    assert rv.Timed(lambda t: 3.0).table(0, 2, 1.0).tolist() == [[3.0], [3.0]]


def test_a_current_that_is_injected_between_runs_is_taken_over():
    def cells(current):
        net = rv.Network(dt=DT, dtype=torch.float64)
        p = net.add(3, rv.LIF(dt=DT, tau_mem=20 * ms), "cells").inject(current)
        net.record(p, "v")
        return net, p

    for before, after in ((0.0, 0.5), (np.zeros(3), np.arange(3.0)), (rv.Timed([0.0], 1), rv.Timed([0.5], 1))):
        net, p = cells(before)
        assert net.run(0.01).trace(p, "v")[1].max() == 0
        p.inject(after)
        changed = net.run(0.01).trace(p, "v")[1]
        fresh, same = cells(after)
        np.testing.assert_allclose(changed, fresh.run(0.01).trace(same, "v")[1], rtol=1e-12)
    for before, after, words in (
        (0.0, [1, 2, 3], "built with one number for all neurons as its current"),
        (0.0, rv.Timed([1], 1), "built with a constant as its current"),
        (rv.Timed([1], 1), 0.0, r"built with rv\.Timed as its current, and can go on with others of this kind alone"),
        (rv.Timed([1], 1), rv.Timed([[1, 2, 3]], 1), r"built with rv\.Timed of 1 numbers a step"),
    ):
        net, p = cells(before)
        net.build()
        p.inject(after)
        with pytest.raises(ValueError, match=words):
            net.run(0.01)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: rv.Timed([1.0]), TypeError, r"dt must be a number of seconds, got None"),
        (lambda: rv.Timed([1.0], 0.0), ValueError, r"how long each value lasts, must be above 0 s"),
        (
            lambda: rv.Timed([], 1.0),
            ValueError,
            r"finite numbers \[T\] or \[T, n\], one of them at least, got shape \(0,\)",
        ),
        (lambda: rv.Timed([np.nan], 1.0), ValueError, r"got shape \(1,\) with NaN or inf"),
        (lambda: rv.Timed(wave, 1.0), ValueError, "a function needs no dt"),
    ],
)
def test_what_is_no_course_in_time_is_refused(make, error, words):
    with pytest.raises(error, match=words):
        make()


@pytest.mark.parametrize(
    ("current", "rate", "words"),
    [
        (
            rv.Timed([[1.0, 2.0]], 1),
            1.0,
            r"cells: a current over time must be \[T\] or \[T, 150\], one for each neuron, got 2 neurons in Timed\(1x2 values",
        ),
        (0.0, rv.Timed(lambda t: t[:5]), r"expected numbers \[1024\] or \[1024, n\] for 1024 times, got shape \(5,\)"),
        (0.0, rv.Timed(lambda t: 1 / (t - t)), r"it must be finite, got \[inf\] at 0 s|it must be finite, got \[nan\]"),
        (0.0, rv.Timed([1.0, 2e4], 1 * ms), r"got rates from 20000 to 20000 Hz at 0\.001 s, dt=0\.0001 s"),
        (0.0, rv.Timed([1.0, -1.0], 1 * ms), r"got rates from -1 to -1 Hz at 0\.001 s"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero")
def test_what_does_not_fit_is_refused(current, rate, words):
    with pytest.raises(ValueError, match=words):
        built(current, rate)[0].run(0.01)


def test_a_function_that_fails_says_where_and_what_ran_is_kept():
    def late(t):
        if t[-1] > 0.15:
            raise KeyError("late")
        return 0 * t

    net, cells, _ = built(rv.Timed(late), 10.0)
    net.run(0.05)
    with pytest.raises(KeyError) as error:
        net.run(0.2)
    assert error.value.__notes__[0].endswith("for the times 0.1024 to 0.2047 s")
    assert error.value.__notes__[1] == "What ran until 0.05 s is in network.latest."
    assert net.latest is not None and net.latest.begin == net.latest.end == 0.05


def test_a_drive_at_a_rate_over_time():
    def driven(rate):
        net = rv.Network(dt=DT, seed=4, dtype=torch.float64)
        cells = net.add(150, rv.LIF(dt=DT, tau_mem=20 * ms, input=rv.ImpulseInput(), v_threshold=30.0), "cells")
        net.drive(cells, rate, 0.1)
        net.record(cells, "v")
        return net, cells

    profile = rv.Timed([0.0, 2000.0, 500.0], dt=3.33 * ms)
    net, cells = driven(profile)
    found = net.run(0.02).trace(cells, "v")[1]
    pieces, same = driven(profile)
    cut = np.concatenate([pieces.run(t).trace(same, "v")[1] for t in (0.0012, 0.0101, 0.0087)])
    np.testing.assert_array_equal(found, cut)
    assert found[:34].max() == 0 and found[34].max() > 0
    jumps = np.diff(found, axis=0) + found[:-1] * -np.expm1(-DT / (20 * ms))  # what arrived in each step
    assert jumps[33:66].mean() / DT == pytest.approx(200, rel=0.06) and jumps[67:].mean() / DT == pytest.approx(
        50, rel=0.06
    )
    constant, others = driven(2000.0)
    steady = constant.run(0.02).trace(others, "v")[1]
    extra = np.diff(steady, axis=0) + steady[:-1] * -np.expm1(-DT / (20 * ms))
    np.testing.assert_allclose(jumps[35:65], extra[35:65], atol=1e-9)  # the same numbers in the same steps
    assert repr(net.drives[0]) == "<drive of cells #0: rate=Timed(3 values, dt=0.00333), weight=0.1>"
    assert net.drives[0].expected(0.0, 0.01, DT) == pytest.approx(33 * 0.2 + 33 * 0.05)
    assert constant.drives[0].expected(0.5, 1.0, DT) == 1000
    assert profile.lasts(0, DT) == 34 and profile.lasts(33, DT) == 1 and profile.lasts(90, DT) == 1 << 40
    with pytest.raises(
        TypeError,
        match=r"a rate over time must be values \[T\] for all neurons alike, got Timed\(wave\)\. Write rv\.Timed\(function",
    ):
        driven(rv.Timed(wave))
    with pytest.raises(ValueError, match="rate must be at least 0 Hz, got -1"):
        driven(rv.Timed([1.0, -1.0], 1 * ms))
    with pytest.raises(
        ValueError, match="20000000 impulses a second are 2000 a step|2e[+]07 impulses a second are 2000 a step"
    ):
        driven(2e7)

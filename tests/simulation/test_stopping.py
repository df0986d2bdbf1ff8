"""Ctrl-C: what ran is kept, and the network goes on as if it had not been stopped."""

import os
import signal
import threading

import numpy as np
import pytest
import torch

import ranvier as rv
from ranvier.simulation import engine
from ranvier.stopping import Stop

DT = 1e-4


def built() -> rv.Network:
    net = rv.Network(dt=DT, seed=1, dtype=torch.float64)
    noise = net.add(30, rv.PoissonSource(50), "noise")
    cells = net.add(20, rv.LIF(dt=DT, input=rv.ImpulseInput()), "cells")
    net.connect(noise, cells, weight=0.2, delay=2e-3)
    return net


def test_a_signal_in_the_middle_of_a_chunk_waits_for_its_end(monkeypatch: pytest.MonkeyPatch):
    whole, net = built().run(0.3), built()
    monkeypatch.setattr(engine.Engine, "chunk", lambda self: 500)
    real = engine.simulate

    def interrupted(address, threads, parts, first, *more):
        failed = real(address, threads, parts, first, *more)
        if first == 500:
            os.kill(os.getpid(), signal.SIGINT)  # before the engine knows that the chunk is done
        return failed

    monkeypatch.setattr(engine, "simulate", interrupted)
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        first = net.run(0.3)
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, handler)
    assert first.end == net.time == pytest.approx(0.1)
    second = net.run(0.2)
    for name in ("steps", "neurons"):
        found = np.concatenate([getattr(first, name), getattr(second, name)])
        np.testing.assert_array_equal(found, getattr(whole, name))


def test_an_interrupt_that_does_not_wait_leaves_the_chunk_out(monkeypatch: pytest.MonkeyPatch):
    whole, net = built().run(0.3), built()
    monkeypatch.setattr(engine.Engine, "chunk", lambda self: 500)
    real = engine.simulate
    calls: list[int] = []

    def broken(address, threads, parts, first, *more):
        calls.append(first)
        failed = real(address, threads, parts, first, *more)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return failed

    monkeypatch.setattr(engine, "simulate", broken)
    first = net.run(0.3)
    assert first.end == net.time == pytest.approx(0.1) and calls == [0, 500, 1000]
    second = net.run(0.2)
    np.testing.assert_array_equal(np.concatenate([first.steps, second.steps]), whole.steps)


def test_a_second_signal_raises_and_other_handlers_and_threads_are_left_alone():
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with Stop() as stop:
            os.kill(os.getpid(), signal.SIGINT)
            assert stop.asked
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGINT)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with Stop() as stop:
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        assert not stop.asked
    finally:
        signal.signal(signal.SIGINT, handler)
    seen: list[bool] = []

    def elsewhere() -> None:
        with Stop() as stop:
            seen.append(stop.asked)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [False]

"""Spikes counted under constant input, beside a run whose every step has that input."""

import pytest
import torch

import ranvier as rv
from ranvier.kernels.cpu import counting


@pytest.mark.parametrize("backend", ["cpu", "eager"])
@pytest.mark.parametrize("per_neuron", [False, True])
def test_counts_and_states_are_those_of_a_run(backend: str, per_neuron: bool) -> None:
    tau = torch.linspace(5e-3, 30e-3, 7, dtype=torch.float64) if per_neuron else 20e-3
    lif = rv.LIF(tau_mem=tau, backend=backend)
    x = torch.linspace(0.5, 4.0, 21, dtype=torch.float64).view(3, 7)
    whole = lif.run(x.expand(200, 3, 7))
    first, state = lif.count_spikes(x, 130)
    second, state = lif.count_spikes(x, 70, state)
    assert first.dtype == torch.int64 and first.sum() > 100
    torch.testing.assert_close(first + second, whole.output.sum(0).long(), rtol=0, atol=0)
    torch.testing.assert_close(state["v"], whole.state["v"])


def test_the_input_and_the_state_given_stay_as_they_are() -> None:
    lif, x = rv.LIF(), torch.full((1, 5), 2.0)
    state = lif.initial_state((1, 5))
    lif.count_spikes(x, 50, state)
    assert (x == 2).all() and (state["v"] == 0).all()


def test_more_steps_than_a_float_counts_are_taken_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    lif, x = rv.LIF(), torch.linspace(1.0, 3.0, 6).view(1, 6)
    whole, _ = lif.count_spikes(x, 100)
    monkeypatch.setattr(counting, "LONGEST", 32)
    parts, _ = lif.count_spikes(x, 100)
    assert torch.equal(whole, parts)


def test_two_threads_count_alike() -> None:
    lif, x = rv.LIF(), torch.linspace(0.5, 3.0, 3000).view(1, 3000)
    before = torch.get_num_threads()
    try:
        found = []
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found.append(lif.count_spikes(x, 100)[0])
    finally:
        torch.set_num_threads(before)
    assert torch.equal(*found)


def test_what_cannot_be_counted_is_refused() -> None:
    x = torch.ones(1, 3)
    with pytest.raises(
        TypeError, match=r"LI: it does not fire, so there are no spikes to count\. Use run\(x\)\.output\."
    ):
        rv.LI().count_spikes(x, 10)
    for steps in (0, 2.5, True):
        with pytest.raises(
            ValueError, match=r"LIF: steps must be a whole number of 1 or more, got .*Write steps=1000\."
        ):
            rv.LIF().count_spikes(x, steps)
    with pytest.raises(ValueError, match=r"got a single number\. Write x\.expand\(1, 100\)\."):
        rv.LIF().count_spikes(torch.tensor(1.0), 10)
    with pytest.raises(TypeError, match="input must be a torch tensor"):
        rv.LIF().count_spikes([1.0], 10)

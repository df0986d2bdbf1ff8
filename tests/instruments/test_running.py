"""What every instrument asks of a neuron and its input."""

import numpy as np
import pytest
import torch

import ranvier as rv
from ranvier.equations import ImpulseInput
from ranvier.instruments import Step, running
from ranvier.instruments.running import constants, first_firing, input_dimension, run, spikes_of, stimulus_of
from ranvier.units import NAMED, ms


def test_parameters_are_numbers_learned_or_not() -> None:
    assert constants("f", rv.LIF(tau_mem=10 * ms, learn=("tau_mem",)))["tau_mem"] == pytest.approx(0.01)


def test_what_is_not_one_neuron_is_refused() -> None:
    with pytest.raises(TypeError, match=r"f: neuron must be a Neuron object, got LIF. Write LIF\(\)"):
        constants("f", rv.LIF)
    with pytest.raises(TypeError, match=r"got int. Write rv.LIF\(\)"):
        constants("f", 3)
    with pytest.raises(ValueError, match=r"f: looks at one neuron, but tau_mem has shape \(3,\).*LIF\(tau_mem=0.02\)"):
        constants("f", rv.LIF(tau_mem=torch.tensor([0.02, 0.03, 0.04])))


def test_a_current_may_be_a_number_an_array_or_a_protocol() -> None:
    assert stimulus_of("f", 2, 3 * ms, 1 * ms).tolist() == [2.0, 2.0, 2.0]
    assert stimulus_of("f", [1, 2, 3], 3 * ms, 1 * ms).tolist() == [1.0, 2.0, 3.0]
    assert stimulus_of("f", Step(1.0, start=1 * ms), 2 * ms, 1 * ms).tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("stimulus", "duration", "error", "message"),
    [
        ("loud", 1.0, TypeError, "f: the current must be a number, an array .* got str"),
        (
            np.zeros(3),
            5 * ms,
            ValueError,
            r"f: the current has shape \(3,\), but 0.005 s in steps of 0.001 s are \(5,\)",
        ),
        (np.nan, 1.0, ValueError, "f: the current contains NaN or inf"),
        (1.0, 0.0, ValueError, "f: duration must last one step of 0.001 s or more, got 0.0 s"),
        (1.0, float("inf"), ValueError, "f: duration must last one step"),
    ],
)
def test_other_currents_are_refused(stimulus: object, duration: float, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        stimulus_of("f", stimulus, duration, 1 * ms)


def test_the_input_has_the_dimension_of_current_or_impulse() -> None:
    assert input_dimension(rv.LIF()) == NAMED["current"]
    assert input_dimension(rv.LIF(input=ImpulseInput())) == NAMED["voltage"]
    assert input_dimension(rv.ConductanceLIF()) == NAMED["conductance"]
    assert input_dimension(rv.HodgkinHuxley()) == NAMED["current/length^2"]


def test_stretches_of_time_are_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    neuron, x = rv.LIF(), np.random.default_rng(0).uniform(0, 3, (50, 4))
    spikes, states = run(neuron, x, {"v": np.array([0.1, 0.2, 0.3, 0.4])})
    monkeypatch.setattr(running, "VALUES", 28)  # seven steps at a time
    again, pieces = run(neuron, x, {"v": np.array([0.1, 0.2, 0.3, 0.4])})
    assert spikes.any() and np.array_equal(spikes, again) and np.array_equal(states["v"], pieces["v"])
    assert states["v"].shape == (51, 4) and states["v"][0].tolist() == [0.1, 0.2, 0.3, 0.4]
    assert np.array_equal(spikes_of(neuron, x), run(neuron, x)[0])
    whole = neuron.run(torch.from_numpy(x).unsqueeze(1), record=("v",))
    assert np.array_equal(spikes_of(neuron, x), whole.output[:, 0].numpy() > 0)


def test_the_first_that_fires_is_found_whenever_it_fires(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "TRIAL", 10)
    neuron = rv.LIF()  # at 1.01 it fires after 93 ms, at 5 after 5 ms
    assert first_firing(neuron, np.array([0.9, 0.99, 1.01, 1.5, 5.0]), 200) == 2
    assert first_firing(neuron, np.array([0.9, 0.99, 1.01, 1.5, 5.0]), 50) == 3
    assert first_firing(neuron, np.array([0.5, 0.9]), 200) == 2
    assert first_firing(neuron, np.array([5.0, 6.0]), 200) == 0


def test_a_readout_never_fires() -> None:
    spikes, states = run(rv.LI(backend="eager"), np.ones((5, 2)))
    assert not spikes.any() and (states["v"][-1] > 0).all()

import pytest
import torch

from ranvier.layers import Linear, Recurrent, Sequential
from ranvier.neurons import IF, LI, LIF
from ranvier.training.health import diagnose
from ranvier.units import ms

X = torch.rand((20, 4, 6), generator=torch.Generator().manual_seed(0))  # [T, B, F]


def net(scale: float = 1.0, *, readout: float = 1.0, population=None) -> Sequential:
    """Positive weights of one size each, so that a scale decides how often neurons fire."""
    g = torch.Generator().manual_seed(0)
    layers = Sequential(Linear(6, 20, generator=g), population or LIF(), Linear(20, 3, generator=g), LI(), rate=None)
    with torch.no_grad():
        layers[0].weight.fill_(scale)
        layers[2].weight.fill_(readout)
    return layers


def only(layers: Sequential, x: torch.Tensor = X):
    findings = diagnose(layers, x)
    assert len(findings) == 1, findings
    return findings[0]


def test_a_healthy_network_gives_no_finding():
    assert diagnose(net().calibrate(X), X) == []


def test_too_little_input_is_silent_with_cause_and_remedy():
    found = only(net(0.01))
    assert (found.layer, found.kind) == (1, "silent")
    assert "layer 1 (LIF, 20 neurons) is silent: no neuron fired in 20 steps and 4 samples" in found.text
    assert (
        "the threshold is 1." in found.text and "With tau_mem=20 ms and dt=1 ms the membrane moves 4.9 %" in found.text
    )
    assert "with net.calibrate(x), lower v_threshold, or shorten tau_mem" in found.text


def test_the_factor_it_names_wakes_the_layer():
    text = only(net(0.1)).text
    factor = float(text.partition("about ")[2].partition(" times")[0])
    assert factor > 1
    assert diagnose(net(0.11 * factor), X) == []


def test_what_it_says_to_type_helps():
    layers = net(1e-4)
    assert only(layers).kind == "silent"
    layers.calibrate(X)
    assert diagnose(layers, X) == []


def test_a_slow_membrane_is_named_by_its_decay():
    found = only(net(0.1, population=LIF(tau_mem=2.0)))
    assert (
        found.kind == "silent"
        and "With tau_mem=2e+03 ms and dt=1 ms the membrane moves 0.05 % of the way" in found.text
    )


def test_zero_input_points_at_the_layer_before():
    found = only(net(), torch.zeros(20, 4, 6))
    assert found.kind == "silent"
    assert "Its input is zero: the layer before it is silent, or the data are empty. Mend that first." in found.text


def test_a_silent_layer_silences_the_next():
    g = torch.Generator().manual_seed(0)
    layers = Sequential(Linear(6, 5, generator=g), LIF(), Linear(5, 4, bias=False, generator=g), LIF(), rate=None)
    with torch.no_grad():
        layers[0].weight.fill_(1e-3)
    first, second = diagnose(layers, X)
    assert (first.layer, second.layer) == (1, 3) and "Its input is zero" in second.text


def test_inhibition_alone_has_no_factor():
    text = only(net(-1.0)).text
    assert "Make its weights larger with net.calibrate(x)" in text


def test_few_active_neurons_are_nearly_silent():
    layers = net(1e-3)
    with torch.no_grad():
        layers[0].weight[0] = 2.0
    found = only(layers)
    assert found.kind == "nearly silent" and "95 % of the neurons never fired" in found.text


def test_too_much_input_is_saturated():
    found = only(net(100.0))
    assert (found.layer, found.kind) == (1, "saturated")
    assert "it fires in 100 % of all steps" in found.text and "the threshold 1." in found.text
    assert "Scale its weights down with net.calibrate(x), raise v_threshold, or add a refractory period." in found.text


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_numbers_that_are_none_are_exploding(bad):
    layers = net()
    with torch.no_grad():
        layers[0].weight[0, 0] = bad
    found = diagnose(layers, X)[0]
    assert (found.layer, found.kind) == (1, "exploding")
    assert "its input or membrane holds NaN or infinity. Lower the learning rate, or clip gradients." in found.text


def test_a_huge_readout_is_exploding():
    found = only(net(3.0, readout=1e6))
    assert (found.layer, found.kind) == (3, "exploding")
    assert "layer 3 (LI, 3 neurons) is exploding: its membrane reaches" in found.text
    assert "Scale its weights down: net.calibrate(x), or lower the learning rate." in found.text


def test_recurrent_populations_and_models_without_leak_are_looked_at():
    layers = Sequential(Linear(6, 10), Recurrent(LIF(tau_mem=10 * ms), 10), Linear(10, 3), IF(), rate=None)
    with torch.no_grad():
        layers[0].weight.fill_(1e-4)
        layers[0].bias.zero_()
    first, last = diagnose(layers, X)
    assert (first.layer, first.kind, last.layer, last.kind) == (1, "silent", 3, "silent")
    assert "tau_mem=10 ms" in first.text and "tau_mem=" not in last.text

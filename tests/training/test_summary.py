import json

import numpy as np
import pytest
import torch

from ranvier.plotting.report import render
from ranvier.training import summary
from ranvier.training.measure import LayerWork, Measured, measure
from ranvier.training.network import build
from ranvier.training.outcome import Outcome


def test_final_figures_count_by_sample_and_tell_additions_from_multiplications():
    layers = [
        LayerWork("1 LIF", 10, 4, True, torch.tensor([2.0, 0, 2, 0]), 20, 100.0, 200.0, analog=True),
        LayerWork("2 LIF", 10, 2, True, torch.tensor([4.0, 0]), 20, 50.0, 100.0),
        LayerWork("3 LI", 10, 3, False, operations=30.0, dense=60.0),
    ]
    measured = Measured(np.array([0, 1]), np.full((2, 3), 1 / 3), layers, 2)
    figures = summary.final_figures(measured, np.array([0, 2]), 0.25, 3.0)
    assert figures == {
        "test_accuracy": 0.5,
        "linear_floor": 0.25,
        "test_samples": 2,
        "seconds": 3.0,
        "synaptic_operations": 40.0,
        "multiply_accumulates": 50.0,
        "dense_multiply_accumulates": 180.0,
        "rates": {"1 LIF": pytest.approx(0.05), "2 LIF": pytest.approx(0.1)},
    }
    assert json.loads(json.dumps(figures))["test_samples"] == 2


HISTORY = [
    {
        "epoch": 1,
        "loss": 1.0,
        "accuracy": 0.5,
        "test_accuracy": 0.5,
        "seconds": 2.0,
        "rates": {"1 LIF": 0.1, "2 LIF": 0.1, "3 LIF": 0.1},
    }
]


@pytest.mark.parametrize("which", ["sound_case", "image_case"])
def test_the_report_says_what_was_measured(which, request, tmp_path):
    case = request.getfixturevalue(which)
    run, net = case.begin(tmp_path / "run"), build(case.recipe).eval()
    measured = measure(net, case.inputs, case.parts.test, case.recipe)
    data = summary.report(
        Outcome(
            run,
            case.samples,
            case.inputs,
            case.parts,
            measured,
            {"epochs": [], "final": {"linear_floor": 0.5, "warnings": ["layer 1 is silent"]}},
        ),
        net,
    )
    n, steps = len(case.parts.test), case.recipe.steps
    assert data.title.startswith(f"{case.samples.name}: ") and data.command == "ranvier train"
    assert data.accuracy == measured.accuracy(case.samples.y[case.parts.test]) and data.floor == 0.5
    assert data.confusion.shape == (2, 2) and data.confusion.sum() <= n
    assert data.facts["split"] == case.parts.reason and data.facts["epochs"] == f"0 of {case.recipe.epochs}"
    assert data.facts["parameters"] == f"{sum(p.numel() for p in net.parameters()):,}"
    assert data.warnings == ["layer 1 is silent"] and data.configuration == case.recipe.as_dict()
    assert set(data.versions) == {"ranvier", "torch", "numpy", "python"}
    assert sum(layer.parameters for layer in data.layers) == sum(p.numel() for p in net.parameters())
    for layer, work in zip(data.layers, measured.layers, strict=True):
        assert (layer.name, layer.neurons, layer.updates) == (work.name, work.neurons, work.neurons * steps)
        dense = work.dense / n / (steps if case.samples.kind == "image" else 1)
        assert layer.synops == pytest.approx(work.operations / n) and layer.macs == pytest.approx(dense)
    html = render(data)
    assert "layer 1 is silent" in html and "No training history was recorded." in html


@pytest.mark.parametrize("which", ["sound_case", "image_case"])
def test_a_sample_is_followed_through_the_network(which, request, tmp_path):
    case = request.getfixturevalue(which)
    net, steps = build(case.recipe).eval(), case.recipe.steps
    trace = summary.trace(net, case.samples, case.inputs, 3, case.begin(tmp_path / "run"))
    features = int(np.prod(case.recipe.shape))
    assert (trace.name, trace.label) == (case.samples.names[3], case.recipe.classes[1])
    assert trace.predicted in (*case.recipe.classes, "no decision")
    assert trace.encoded.shape == (steps, features) and trace.output.shape == trace.probability.shape == (steps, 2)
    assert list(trace.rasters) == [f"{k} {case.recipe.neuron}" for k in range(1, len(trace.rasters) + 1)]
    assert all(spikes.shape[0] == steps and spikes.dtype == bool for spikes in trace.rasters.values())
    np.testing.assert_allclose(trace.probability.sum(1), 1, rtol=1e-5)
    assert trace.picture_kind == {"sound": "spectrogram", "image": "image"}[case.samples.kind]


def test_the_sample_shown_is_a_right_one_of_middling_confidence(image_case):
    test, y = image_case.parts.test[:4], np.array([0, 1, 0, 1])
    chance = np.array([[0.9, 0.1], [0.4, 0.6], [0.7, 0.3], [0.8, 0.2]])
    split = type(image_case.parts)(image_case.parts.train, test, "")
    assert summary.typical(Measured(np.array([0, 1, 0, 0]), chance, [], 4), y, split) == test[2]
    assert summary.typical(Measured(np.array([1, 0, 1, 0]), chance, [], 4), y, split) == test[0]

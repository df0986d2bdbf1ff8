"""`convert`: exact rates, the same output as the source in the limit, every choice, and what is refused."""

import math
import re
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

import ranvier as rv
from ranvier.conversion import (
    QCFS,
    BernoulliSpikes,
    MaxActivation,
    ModelBased,
    Percentile,
    RateIF,
    ThresholdBalancing,
    with_qcfs,
)  # fmt: skip


@pytest.mark.parametrize("start", [0.5, 0.0])
@pytest.mark.parametrize("normalise", [Percentile(90), MaxActivation(), ModelBased(), ThresholdBalancing(5)])
def test_rates_of_the_first_population_are_exactly_the_rounded_activations(normalise, start: float) -> None:
    """rate = clip(floor(T a/scale + start)/T, 0, 1), whichever scale; a bias and negative inputs included."""
    net = nn.Sequential(nn.Linear(5, 20), nn.ReLU()).double()
    x = torch.randn(100, 5, dtype=torch.float64)
    made = rv.convert(net, x, normalise=normalise, start=start)
    rate = made.network(made.encode(x, 16)).mean(0)
    a = (net(x) / made.populations[0].scale).detach()
    expected = (torch.floor(16 * a + start + 1e-5) / 16).clamp(0, 1)
    assert torch.equal(rate, expected) and 0 < rate.mean() < 1
    assert made.populations[0].name == "1" and made.populations[0].place == "layers.1"


@pytest.mark.parametrize(
    "normalise",
    [Percentile(100), Percentile(100, channelwise=True), MaxActivation(), ModelBased(), ThresholdBalancing(8)],
)
def test_a_residual_network_says_what_its_source_says(block: nn.Module, normalise) -> None:
    """Currents of both branches meet in the units of the sum, whatever scale each population has; the error falls as 1/T."""
    x = 2 * torch.randn(12, 1, 8, 8) + 0.5
    made = rv.convert(block, x, normalise=normalise)
    with torch.no_grad():
        wanted = block(x)
    said = made.scores(x, 96)
    far = [float((s.log_softmax(1) - wanted).abs().mean()) for s in (said[11], said[95])]
    assert far[1] < 0.25 * float(wanted.std()) and far[1] < far[0] / 2
    assert [p.place for p in made.populations] == ["layers.1", "layers.2.body.layers.1", "layers.3"]
    assert made.populations[0].scale.dim() == (1 if getattr(normalise, "channelwise", False) else 0)


def test_thresholds_balanced_leave_the_weights(dense: nn.Module, digits) -> None:
    x = digits[0][:50]
    made = rv.convert(dense, x, normalise=ThresholdBalancing(8))
    assert made.network[1].weight.allclose(dense[1].weight) and made.network[3].weight.allclose(dense[3].weight)
    first, second = made.populations
    assert (
        float(first.scale)
        == pytest.approx(float(first.neuron.v_threshold))
        == pytest.approx(float(dense[1](x.flatten(1)).detach().max()))
    )
    assert float(second.scale) == pytest.approx(float(first.scale) * second.neuron.v_threshold)
    assert second.neuron.v_start == pytest.approx(second.neuron.v_threshold / 2)


def test_accuracy_over_steps_reaches_the_source(dense: nn.Module, digits) -> None:
    x, y = digits[0][1400:], digits[1][1400:]
    made = rv.convert(dense, digits[0][:500])
    found = made.accuracy(x, y, 32)
    assert found.source == pytest.approx(float((dense(x).argmax(1) == y).float().mean())) and found.source > 0.88
    assert found.loss() <= 0.008 and found.loss(32) == found.loss() and found.agreement[-1] > 0.98
    assert found.accuracy[0] < found.accuracy[-1] and found.samples == 397
    within = found.steps_within(0.02)
    assert within is not None and within <= 16 and (found.accuracy[within - 1 :] >= found.source - 0.02).all()
    assert found.steps_within(-1) is None and found.steps_within(1) == 1
    assert set(found.rates) == {"2", "4"} and all(0 < r < 0.6 for r in found.rates.values())
    same = (made.predict(x, 32) == y).float().mean()
    assert float(same) == pytest.approx(float(found.accuracy[-1]))
    errors = made.errors(x[:50], 32)
    assert set(errors) == {"2", "4"} and all(e < 0.05 for e in errors.values())


def test_a_hard_reset_and_a_start_at_zero_lose(dense: nn.Module, digits) -> None:
    x = digits[0][1400:1500]
    far = {}
    with torch.no_grad():
        wanted = dense(x)
    for name, choice in {"soft": {}, "hard": {"reset": rv.ToValue()}, "zero": {"start": 0.0}}.items():
        made = rv.convert(dense, digits[0][:500], **choice)
        far[name] = float((made.scores(x, 16)[-1] - wanted).abs().mean())
    assert far["soft"] < far["zero"] < far["hard"]
    assert (
        "reset: to zero, what exceeds the threshold is lost, so rates are too low"
        in rv.convert(dense, x, reset=rv.ToValue()).assumptions
    )


def test_spikes_as_input(dense: nn.Module, digits) -> None:
    x, y = digits[0][1400:1600], digits[1][1400:1600]
    made = rv.convert(dense, digits[0][:500] * 1.0, input=BernoulliSpikes(3))
    spikes = made.encode(x, 40)
    assert set(spikes.unique().tolist()) == {0.0, 1.0} and float((spikes.mean(0) - x).abs().mean()) < 0.05
    assert torch.equal(spikes, made.encode(x, 40)) and made.accuracy(x, y, 40).loss() < 0.06
    with pytest.raises(
        ValueError, match=r"BernoulliSpikes: input must not be negative, got a minimum of -1.*ConstantCurrent\(\)"
    ):
        rv.convert(dense, digits[0][:50] - 1, input=BernoulliSpikes())


def test_qcfs_brings_its_own_thresholds_and_few_steps(trained, digits) -> None:
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Flatten(), nn.Linear(64, 40), nn.ReLU(), nn.Linear(40, 10))
    net = trained(with_qcfs(plain, levels=8, threshold=2.0), 100)
    x, y = digits[0][1400:], digits[1][1400:]
    made = rv.convert(net, x[:5])
    assert made.populations[0].scale == net[2].threshold
    found = made.accuracy(x, y, 8)
    assert (
        found.loss() == pytest.approx(0, abs=1e-9) and found.agreement[-1] == 1
    )  # one population: equal at T = levels
    assert any("thresholds are those that were learned, for 8 steps" in text for text in made.assumptions)
    late = rv.convert(net, x[:5], start=0.0, normalise=ThresholdBalancing(4))
    assert any("trained for a start at 0.5, which this is not" in text for text in late.assumptions)


def test_an_output_that_spikes_and_one_that_is_silent() -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    net[0].weight.data.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]]))
    net[0].bias.data.zero_()
    x = torch.tensor([[0.2, 0.9], [1.0, 0.1], [-1.0, -1.0], [0.0, 0.0]])
    made = rv.convert(net, x)
    assert made.predict(x, 20).tolist() == [1, 0, 2, -1]
    torch.testing.assert_close(made.scores(x, 20)[-1], net(x).detach(), atol=0.06, rtol=0)
    assert made.assumptions[-1] == "decision: the neuron with the most spikes"


def test_groups_channels_flatten_and_gates_with_a_scale_for_each_channel() -> None:
    net = nn.Sequential(
        nn.Conv2d(2, 4, 3, groups=2), nn.AvgPool2d(2, 1), nn.ReLU6(), nn.Conv2d(4, 8, 3, stride=2, groups=4), nn.MaxPool2d(2), nn.Hardtanh(0, 1.0),
        nn.Flatten(), nn.Linear(8, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 5), nn.Linear(5, 3),
    ).eval()  # fmt: skip
    x = 3 * torch.randn(30, 2, 8, 8)
    made = rv.convert(net, x, normalise=Percentile(100, channelwise=True))
    with torch.no_grad():
        wanted = net(x)
    assert float((made.scores(x, 200)[-1] - wanted).abs().mean()) < 0.03 * float(wanted.std())
    assert [p.scale.numel() for p in made.populations] == [4, 8, 1]
    assert any(text.startswith("currents, not spikes, reach 11") for text in made.assumptions)


def test_sums_and_norms_where_no_weights_are() -> None:
    """A sum of rates, a batch norm on it, a shortcut from the input, a ReLU without weights before it."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b, self.n = nn.Linear(6, 6), nn.Linear(6, 6), nn.BatchNorm1d(6)
            self.n.running_mean.fill_(0.5)
            self.out = nn.Linear(6, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = F.relu(x) + F.relu(self.a(x))
            z = F.relu(self.n(y)) + x
            return self.out(F.relu(z + self.b(y)))

    net, x = Net().eval(), torch.randn(40, 6)
    made = rv.convert(net, x, normalise=Percentile(100))
    with torch.no_grad():
        wanted = net(x)
    assert float((made.scores(x, 300)[-1] - wanted).abs().mean()) < 0.02 * float(wanted.std())


def test_a_module_that_is_used_twice_is_two_populations() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.same, self.act = nn.Linear(6, 6), QCFS(16, 6.0)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.same(self.act(self.same(self.act(self.same(x)))))

    net, x = Net().eval(), 3 * torch.randn(20, 6)
    made = rv.convert(net, x)
    assert [p.name for p in made.populations] == ["act", "act:2"]
    with torch.no_grad():
        wanted = net(x)
    assert float((made.scores(x, 64)[-1] - wanted).abs().mean()) < 0.1 * float(wanted.std())
    assert set(made.errors(x, 8)) == set(made.accuracy(x, wanted.argmax(1), 8).rates) == {"act", "act:2"}


def test_stretches_and_streams_are_the_same_network(dense: nn.Module, digits) -> None:
    made = rv.convert(dense, digits[0][:200])
    x = digits[0][1400:1403]
    whole = made.network(made.encode(x, 20))
    torch.testing.assert_close(made.scores(x, 20)[-1], whole[-1] / 20)
    state = made.network.initial_state(x.shape)
    for t in range(20):
        out, state = made.network.step(x, state)
        torch.testing.assert_close(out, whole[t])


def test_what_it_prints(block: nn.Module) -> None:
    text = str(rv.convert(block, torch.randn(20, 1, 8, 8)))
    for sentence in (
        "- input: the values themselves as a constant current in every step, negative ones too",
        "- scales: percentile 99.9 of the positive activations; larger ones saturate (20 samples)",
        "- reset: by subtraction, what exceeds the threshold is kept",
        "- membranes start at 0.5 of the threshold: rates are rounded to the nearest 1/T",
        "- 2 batch norms folded into the weights before, with the means and variances of training",
        "- 1 residual sum: each branch is scaled to the units of the sum before it is added",
        "- 1 max pooling: a gate passes on as many spikes as the most active input of each window has had (MaxGate)",
        "- the softmax at the end is left out: it does not change which class is highest",
        "- decision: the highest of the output membranes, which add up their input and do not fire",
    ):
        assert sentence in text
    assert re.search(r"\nrelu_1 +2\.body\.1 +[\d.]+ +1\n", text)


def test_the_model_keeps_its_weights_and_the_network_has_no_gradients(dense: nn.Module, digits) -> None:
    before = {k: v.clone() for k, v in dense.state_dict().items()}
    made = rv.convert(dense, digits[0][:100])
    assert all(torch.equal(v, before[k]) for k, v in dense.state_dict().items())
    assert not any(p.requires_grad for p in made.network.parameters()) and isinstance(made.network[2], RateIF)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"normalise": "max"}, TypeError, r"normalise must be an object such as Percentile\(99.9\), got 'max'"),
        ({"normalise": MaxActivation}, TypeError, "normalise must be an object"),
        ({"reset": rv.NoReset()}, TypeError, "An activation cannot be a rate without a reset"),
        ({"input": 3}, TypeError, r"input must be an object such as ConstantCurrent\(\), got 3"),
        ({"start": 1.0}, ValueError, r"start must be a share of the threshold in \[0, 1\), got 1.0. Write start=0.5"),
        ({"start": math.nan}, ValueError, "start must be a share"),
    ],
)
def test_choices_that_are_none(dense: nn.Module, digits, options: dict[str, Any], error, message: str) -> None:
    with pytest.raises(error, match=message):
        rv.convert(dense, digits[0][:10], **options)


def test_what_cannot_be_converted(dense: nn.Module, digits) -> None:
    net: Any = "model.pt"
    with pytest.raises(TypeError, match="model must be a torch module, got str"):
        rv.convert(net, digits[0])
    with pytest.raises(TypeError, match="data must be floating"):
        rv.convert(dense, digits[0].to(torch.uint8))
    with pytest.raises(
        rv.RanvierError, match=r"Sequential: does not take samples of shape \(3,\), torch.float32: .* Give samples"
    ):
        rv.convert(dense, torch.rand(5, 3))
    with pytest.raises(rv.RanvierError, match="the network has no ReLU, so nothing in it could spike"):
        rv.convert(nn.Linear(4, 2), torch.rand(5, 4))
    made = rv.convert(dense, digits[0][:10])
    with pytest.raises(ValueError, match=r"x must be samples \[B, 1, 8, 8\], got shape \(3, 64\)"):
        made.scores(torch.rand(3, 64), 4)
    with pytest.raises(ValueError, match="steps must be at least 1, got 0"):
        made.accuracy(digits[0][:3], digits[1][:3], 0)
    with pytest.raises(ValueError, match="labels has 2 entries, x has batch 3"):
        made.accuracy(digits[0][:3], digits[1][:2], 4)


@pytest.mark.thorough
def test_the_engine_gives_the_same(engine, dense: nn.Module, block: nn.Module, digits) -> None:
    """Compiled chains, events and a stream against the reference, in float64, where no spike hangs on rounding."""
    for net, x in ((dense, digits[0][1400:1420]), (block, torch.randn(5, 1, 8, 8))):
        made = rv.convert(net.double(), x.double())
        net.float()
        spiking, given = made.network, made.encode(x.double(), 24)
        fused = spiking(given)
        for module in spiking.modules():
            if isinstance(module, rv.Sequential):
                module.fused = False
            if isinstance(module, rv.Neuron):
                module.backend = "eager"
        torch.testing.assert_close(fused, spiking(given))
    made = rv.convert(dense, digits[0][:100])
    stream = made.network.stream((1, 8, 8))
    for _ in range(10):
        last = stream.step(digits[0][1400])
    torch.testing.assert_close(last, made.network(made.encode(digits[0][1400:1401], 10))[-1, 0])
    sparse = rv.convert(dense, digits[0][:100], normalise=ModelBased())  # whose neurons seldom fire
    paths = [work.path for work in sparse.network.explain(sparse.encode(digits[0][:50], 8)).layers.values()]
    assert paths[2:] == ["compiled", "events", "compiled", "events", "compiled"]

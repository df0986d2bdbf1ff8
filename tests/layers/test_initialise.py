"""A fresh network fires: on real features, at any depth and width, with every neuron; and it is silent without input."""

import pytest
import torch

import ranvier.neurons
from ranvier.data.bundled import spoken_digits
from ranvier.encoders.audio import log_mel
from ranvier.equations import BlockInput, BlockSpikes, Clamp, ImpulseInput, NoReset, Subtract, parameter, state
from ranvier.layers import Conv2d, Flatten, Linear, Recurrent, Sequential
from ranvier.layers.initialise import TARGET_RATE, _search, spikes_sample, trial, values_sample
from ranvier.neurons import ALIF, IF, LI, LIF, AdaptiveLIF, CubaLIF, Neuron, Tempotron
from ranvier.synapses import NMDASynapse
from ranvier.units import Mohm, Resistance, Time, Voltage, ms, mV

FIRING = [
    v
    for v in vars(ranvier.neurons).values()
    if isinstance(v, type) and issubclass(v, Neuron) and v is not Neuron and v.declaration.has("threshold")
]
TRAINED = [
    pytest.param(model, marks=[] if model in (LIF, IF, CubaLIF, AdaptiveLIF, ALIF) else [pytest.mark.thorough])
    for model in FIRING
    if model.default_dt == 1 * ms and model is not Tempotron  # which fires once at the most
]
BIOPHYSICAL = [model for model in FIRING if model.default_dt < 1 * ms]
READOUTS = [
    v
    for v in vars(ranvier.neurons).values()
    if isinstance(v, type) and issubclass(v, Neuron) and v is not Neuron and not v.declaration.has("threshold")
]


STEPS = 56


@pytest.fixture(scope="module")
def features() -> torch.Tensor:
    """Standardised log-mel features of eight spoken digits that last long enough, [T, B, bands]."""
    samples = spoken_digits()
    assert samples.rate is not None
    waves = [wave for wave in samples.x[::25] if len(wave) > 0.6 * samples.rate][:8]
    x = torch.stack([log_mel(torch.from_numpy(wave).float(), samples.rate, bands=40)[:STEPS] for wave in waves], 1)
    assert x.shape == (STEPS, 8, 40)
    return (x - x.mean()) / x.std()


def chain(model: type[Neuron], depth: int, width: int, inputs: int) -> Sequential:
    sizes = [inputs, *[width] * depth]
    layers: list[torch.nn.Module] = []
    for k in range(depth):
        layers += [Linear(sizes[k], sizes[k + 1], generator=torch.Generator().manual_seed(k)), model()]
    return Sequential(*layers)


def rates(net: Sequential, x: torch.Tensor) -> list[float]:
    records = net.run(x, record=("output",)).records
    return [float(v.mean()) for v in records.values()]


@torch.no_grad()
@pytest.mark.parametrize("model", TRAINED, ids=lambda m: m.__name__)
@pytest.mark.parametrize(("depth", "width"), [(6, 16), (6, 256), (2, 2048)])
def test_every_layer_of_a_fresh_network_fires(
    model: type[Neuron], depth: int, width: int, features: torch.Tensor
) -> None:
    """The chain is causal: a network of six layers begins with those of one to five, made alike."""
    net = chain(model, depth, width, features.shape[2])
    fresh = rates(net, features)
    least = (
        0.005 if model is ranvier.neurons.ResonateAndFire else 0.01
    )  # a resonator passes on a band of its input alone
    assert len(fresh) == depth and all(least <= r <= 0.25 for r in fresh), fresh
    after = rates(net.calibrate(features), features)
    assert all(0.02 <= r <= 0.2 for r in after), after


@torch.no_grad()
@pytest.mark.thorough
@pytest.mark.parametrize("model", BIOPHYSICAL, ids=lambda m: m.__name__)
def test_a_layer_of_a_model_in_physical_units_fires(model: type[Neuron], features: torch.Tensor) -> None:
    """Amperes, siemens, volts a second: the search finds the scale. Few steps of a short dt hold one spike, or none."""
    net = chain(model, 1, 64, features.shape[2])
    (fresh,) = rates(net, features)
    (after,) = rates(net.calibrate(features), features)
    assert 0.001 <= fresh <= 0.3 and 0.004 <= after <= 0.2, (fresh, after)
    assert net(torch.zeros(40, 2, features.shape[2])).abs().sum() == 0, "no input, no spikes"


@torch.no_grad()
def test_a_deeper_network_begins_with_the_layers_of_a_shallower_one() -> None:
    nets = [chain(LIF, depth, 16, 40) for depth in range(1, 7)]
    for depth, net in enumerate(nets, 1):
        for k in range(0, 2 * depth, 2):
            assert torch.equal(net[k].weight, nets[-1][k].weight)


@torch.no_grad()
@pytest.mark.parametrize("model", [*TRAINED, *READOUTS], ids=lambda m: m.__name__)
def test_no_input_no_spikes(model: type[Neuron]) -> None:
    net = chain(model, 3, 16, 8)
    assert net(torch.zeros(40, 2, 8)).abs().sum() == 0


@torch.no_grad()
@pytest.mark.parametrize("model", READOUTS, ids=lambda m: m.__name__)
def test_a_readout_spreads_over_about_one(model: type[Neuron], features: torch.Tensor) -> None:
    net = Sequential(Linear(40, 128), LIF(), Linear(128, 10), model())
    assert 0.2 < float(net(features).square().mean().sqrt()) < 5
    net.calibrate(features)
    assert 0.9 < float(net(features).square().mean().sqrt()) < 1.1


@torch.no_grad()
@pytest.mark.parametrize(
    "neuron",
    [
        LIF(input=ImpulseInput()),
        LIF(reset=Subtract()),
        LIF(reset=NoReset()),
        LIF(tau_mem=200 * ms),
        LIF(tau_mem=1 * ms),
        LIF(v_threshold=15 * 1e-3, v_leak=-5e-3, v_reset=-5e-3),
        LIF(refractory=Clamp(3 * ms)),
        LIF(refractory=BlockSpikes(2 * ms)),
        LIF(refractory=BlockInput(4 * ms)),
        LIF(tau_mem=torch.linspace(5, 25, 64) * ms),
        IF(reset=Subtract()),
        CubaLIF(tau_syn=20 * ms),
        AdaptiveLIF(jump=0.02, tau_adapt=300 * ms),
        ALIF(order=("fire", "integrate", "reset")),
    ],
    ids=lambda n: f"{type(n).__name__}-{n.options.reset}-{n.options.refractory}"[:60],
)
def test_the_gain_follows_the_neuron(neuron: Neuron) -> None:
    for sample in (values_sample(), spikes_sample(0.1)):
        gain, output = trial(neuron, sample, TARGET_RATE)
        assert 0.05 < float(output.mean()) < 0.15 and gain > 0
        assert trial(neuron, sample, TARGET_RATE)[0] == gain, "deterministic"


@torch.no_grad()
def test_a_rate_out_of_reach_is_approached_not_given_up() -> None:
    """A refractory period of 20 steps allows one spike in 21: the network fires all the same."""
    for sample in (values_sample(), spikes_sample(0.1)):
        _, output = trial(LIF(refractory=Clamp(20 * ms), input=ImpulseInput()), sample, TARGET_RATE)
        assert 0.01 < float(output.mean()) < 1 / 21
    stubborn = LIF(v_threshold=1e12)
    assert trial(stubborn, values_sample(), TARGET_RATE)[0] == 1.0


def test_a_membrane_that_overflows_at_the_usual_gains_is_found_below_them() -> None:
    """Siemens on a membrane in volts: it fires around 1e-8 alone, hardly or not at all where each step overshoots."""
    for far in (0.002, 0.0):
        gain = _search(lambda g, far=far: 0.0 if g < 1e-8 else 0.2 if g < 1e-6 else far, 0.1)
        assert gain == pytest.approx(1e-8, rel=1e-3)
        best = _search(lambda g, far=far: 0.0 if g < 1e-8 else 0.05 if g < 1e-6 else far, 0.1)
        assert best == pytest.approx(1e-8, rel=1e-3), "half of the highest where the goal is out of reach"
    assert _search(lambda g: 0.0, 0.1) == 1.0


@torch.no_grad()
@pytest.mark.thorough
def test_nmda_synapses_in_physical_units_drive_their_neuron() -> None:
    membrane = {"r": 100 * Mohm, "v_leak": -65 * mV, "v_threshold": -50 * mV, "v_reset": -65 * mV}
    neuron = NMDASynapse.onto(LIF)(**membrane)
    for sample in (values_sample(), spikes_sample(0.1)):
        gain, output = trial(neuron, sample, TARGET_RATE)
        assert 1e-9 < gain < 1e-7 and 0.05 < float(output.mean()) < 0.15


class Custom(Neuron):
    """A user's own model: a quadratic integrate-and-fire neuron."""

    tau: Time = parameter(10 * ms, positive=True)
    scale: Voltage = parameter(1.0)
    r: Resistance = parameter(1.0)
    v_threshold: Voltage = parameter(2.0)
    v_reset: Voltage = parameter(-1.0)
    v: Voltage = state(0.0)

    def dynamics(self, s, i):
        return {"v": (s.v * (s.v / self.scale - 1) + self.r * i) / self.tau}

    def threshold(self, s):
        return s.v - self.v_threshold

    def reset(self, s):
        return {"v": self.v_reset}


@torch.no_grad()
def test_a_users_own_neuron_and_convolutions_and_recurrence_fire_too() -> None:
    g = torch.Generator().manual_seed(0)
    net = Sequential(
        Conv2d(1, 8, 3, generator=g),
        Custom(),
        Flatten(),
        Linear(8 * 36, 32, generator=g),
        Recurrent(LIF(), 32, generator=g),
    )
    x = torch.randn(1, 12, 1, 8, 8, generator=g).expand(60, -1, -1, -1, -1)
    assert all(0.01 < r < 0.3 for r in rates(net, x)), rates(net, x)
    assert net[4].weight.abs().sum() > 0
    net.calibrate(x)
    assert all(0.02 < r < 0.2 for r in rates(net, x)), rates(net, x)


@torch.no_grad()
def test_rate_input_rate_and_none() -> None:
    g = torch.Generator().manual_seed(0)
    spikes = (torch.rand(60, 16, 50, generator=g) < 0.05).float()
    for wanted in (0.03, 0.2):
        net = Sequential(Linear(50, 200, generator=g), LIF(), rate=wanted, input_rate=0.05)
        assert rates(net, spikes)[0] == pytest.approx(wanted, rel=0.4)
    weight = Linear(50, 20, generator=torch.Generator().manual_seed(1)).weight
    plain = Sequential(Linear(50, 20, generator=torch.Generator().manual_seed(1)), LIF(), rate=None)
    assert torch.equal(plain[0].weight, weight)


@torch.no_grad()
def test_calibration_leaves_biases_and_returns_the_network(features: torch.Tensor) -> None:
    net = Sequential(Linear(40, 32), LIF(), Linear(32, 5, bias=False), LI())
    torch.nn.init.constant_(net[0].bias, 0.1)
    assert net.calibrate(features) is net
    assert (net[0].bias == 0.1).all()
    with pytest.raises(ValueError, match="rate must lie between 0 and 1"):
        net.calibrate(features, rate=1.0)

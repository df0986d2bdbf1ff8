"""One LIF (tau 2.5 ms, threshold 0.1, dt 0.1 ms) on the eleven platforms of the NIR paper, each by its options of ours."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from ranvier.equations import Euler, ImpulseInput, Subtract
from ranvier.neurons import LIF, Neuron, presets
from ranvier.units import ms

STORED = dict(np.load(Path(__file__).with_name("nir_lif_traces.npz")))
INPUT = torch.from_numpy(STORED["input"]).double().view(-1, 1, 1)
TAU, DT = 2.5 * ms, 0.1 * ms
OLD = ("fire", "integrate", "reset")  # the spike is decided on the membrane of the step before


def lif(**options) -> LIF:
    return LIF(tau_mem=TAU, dt=DT, v_threshold=0.1, **options)


def impulse(**options) -> LIF:
    """Input 0.04 = dt/tau added whole, where an exact current is scaled by 1 - exp(-0.04) = 0.0392."""
    return lif(input=ImpulseInput(), reset=Subtract(), **options)


# platform -> neuron, factor of the input, unit of its membrane, steps that its record lags behind ours
PLATFORMS: dict[str, tuple[Callable[[], Neuron], float, float, int]] = {
    "exact": (lif, 1, 1, 0),
    "nengo": (lif, 1, 10, 0),
    "norse": (lambda: presets.norse_lif_box(1 / TAU, v_th=0.1, dt=DT), 1, 1, 0),
    "snntorch": (lambda: lif(integrator=Euler(), fire_on=">"), 1, 25, 0),
    "spinnaker2": (lambda: lif(integrator=Euler(), fire_on=">"), 0.99980396, 25, 0),
    "sinabs": (lambda: presets.sinabs_lif(25.0, spike_threshold=0.1, norm_input=False, dt=DT), 0.04, 1, 0),
    "rockpool": (impulse, 0.04, 1, 0),
    "spyx": (lambda: impulse(integrator=Euler(), order=OLD, fire_on=">"), 0.04, 1, 0),
    "lava_cpu_float": (lambda: lif(integrator=Euler(), fire_on=">"), 1, 1, 1),
}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_options_of_each_platform_give_its_trace(platform: str) -> None:
    make, gain, unit, lag = PLATFORMS[platform]
    neuron = make()
    neuron.backend = "eager"
    run = neuron.run(gain * INPUT, record=("v",))
    spikes = np.roll(run.output.flatten().numpy(), lag)
    v = np.r_[np.zeros(lag), run.records["v"].flatten().numpy()][:1000]
    theirs = STORED[f"{platform}.v"] / unit
    np.testing.assert_array_equal(spikes, STORED[f"{platform}.spikes"])
    until = 460 if platform == "exact" else 1000  # it resets at the instant of the crossing, within the step
    np.testing.assert_allclose(v[:until], theirs[:until], rtol=0, atol=1e-4 if platform == "spinnaker2" else 1e-6)


def test_platforms_of_whole_numbers_fire_with_their_floating_point_twin() -> None:
    twin = STORED["lava_cpu_float.spikes"]
    for platform in ("lava_cpu_fixed", "lava_loihi_fixed"):
        np.testing.assert_array_equal(STORED[f"{platform}.spikes"], twin)


def test_one_lif_has_three_answers() -> None:
    """What the conventions cost: the first spike falls at step 450, 460 or 461."""
    first = {int(np.argmax(v)) for k, v in STORED.items() if k.endswith(".spikes")}
    assert first == {450, 460, 461}

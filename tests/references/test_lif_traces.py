"""The presets against traces made by the packages themselves (lif_traces.py): spikes exactly, membranes to 1e-5."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from ranvier.equations import NoReset, ToValue
from ranvier.neurons import Alpha, Neuron, presets
from ranvier.units import ms

STORED = dict(np.load(Path(__file__).with_name("lif_traces.npz")))
DRIVE = torch.from_numpy(STORED["input"]).double()
MV, PA = 1e-3, 1e-12

# case -> neuron, factor of the stored input, unit of the stored membrane
CASES: dict[str, tuple[Callable[[], Neuron], float, float]] = {
    **{
        f"snntorch leaky {m}{'' if d else ' prompt'}": (
            lambda m=m, d=d: presets.snntorch_leaky(0.9, reset_mechanism=m, reset_delay=d), 0.8, 1.0
        )
        for m in ("subtract", "zero", "none")
        for d in (True, False)
    },
    **{
        f"snntorch synaptic {m}": (lambda m=m: presets.snntorch_synaptic(0.7, 0.9, reset_mechanism=m), 0.25, 1.0)
        for m in ("subtract", "zero", "none")
    },
    "snntorch alpha none": (
        lambda: Alpha(
            tau_mem=-1 * ms / np.log(0.95), tau_syn=-1 * ms / np.log(0.8), v_threshold=4.0, reset=NoReset(), fire_on=">"
        ), 1.0, 1.0,
    ),
    **{
        f"spikingjelly {name}{'' if decay else ' whole'}": (
            lambda v=v, decay=decay: presets.spikingjelly_lif(4.0, decay, v_reset=v), 6.0 if decay else 1.0, 1.0
        )
        for name, v in (("hard", 0.0), ("raised", 0.1), ("soft", None))
        for decay in (True, False)
    },
    "norse box": (lambda: presets.norse_lif_box(), 6.0, 1.0),
    "norse lif": (lambda: presets.norse_lif(), 1.2, 1.0),
    "sinabs normalised": (lambda: presets.sinabs_lif(10.0), 6.0, 1.0),
    "sinabs whole": (lambda: presets.sinabs_lif(10.0, norm_input=False), 0.8, 1.0),
    "sinabs reset": (lambda: presets.sinabs_lif(10.0, reset=ToValue(detach=False)), 6.0, 1.0),
    "sinabs synapse": (lambda: presets.sinabs_lif(10.0, 3.0), 2.0, 1.0),
    "sinabs synapse whole": (lambda: presets.sinabs_lif(10.0, 3.0, norm_input=False), 0.3, 1.0),
    "brian2 plain": (lambda: presets.brian2_lif(10 * ms), 5.0, 1.0),
    "brian2 refractory": (lambda: presets.brian2_lif(10 * ms, 2 * ms), 5.0, 1.0),
    "nest iaf_psc_delta": (lambda: presets.nest_iaf_psc_delta(), 1.0 * MV, MV),
    "nest iaf_psc_exp": (lambda: presets.nest_iaf_psc_exp(), 125.0 * PA, MV),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_it_fires_as_the_package_does(case: str) -> None:
    make, gain, unit = CASES[case]
    neuron = make()
    neuron.backend = "eager"
    x = gain * DRIVE[: len(STORED[f"{case}.v"])]
    if case.startswith("nest"):
        x[0] = 0  # a spike of the generator cannot arrive in the first step
    run = neuron.run(x[:, None], record=("v",))
    spikes, v = run.output[:, 0].numpy(), run.records["v"][:, 0].numpy() / unit
    assert spikes.sum() > 5, "fires, or nothing is compared"
    np.testing.assert_array_equal(spikes, STORED[f"{case}.spikes"])
    np.testing.assert_allclose(v, STORED[f"{case}.v"], rtol=0, atol=1e-5)


def test_every_stored_trace_is_compared_and_names_its_version() -> None:
    assert {k.removesuffix(".v") for k in STORED if k.endswith(".v")} == set(CASES)
    versions = json.loads(str(STORED["versions"]))
    assert set(versions) == {case.split()[0] for case in CASES}

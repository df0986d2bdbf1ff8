"""The public names, and what importing the package does not pull in."""

import os
import subprocess
import sys

import pytest

import ranvier as rv

NAMES = [
    "ALIF", "Accumulator", "AdaptiveLIF", "Arctan", "AvgPool2d", "BlockInput", "BlockSpikes", "Boxcar", "Clamp", "Conv2d",
    "AdEx", "ConductanceLIF", "CubaLIF", "CurrentInput", "Delays", "Dropout", "EIF", "Euler", "Events", "Exact", "ExponentialEuler",
    "ExponentialMidpoint", "FastSigmoid", "Flatten", "HodgkinHuxley", "Hz", "IF", "Izhikevich", "Mohm", "QIF", "SemiImplicitEuler", "cm",
    "mS", "uA", "uF",
    "BinaryLSTM", "CfC", "DendriticTree", "LSNN", "LTC", "PhasedLSTM", "RateLSTM", "SpikingLSTM", "SubLSTM",
    "Alpha", "BalancedResonateAndFire", "EPropALIF", "EscapeLIF", "PoissonNeuron", "ResonateAndFire", "SEAdLIF", "SRM", "SRM0",
    "DiehlCookLIF", "LoihiLIF", "Synaptic", "Tempotron", "TraubMiles", "draw",
    "ImpulseInput", "LI", "LIF", "Linear", "MaxPool2d", "ModelError", "MultiGaussian", "Neuron", "NoReset", "RanvierError",
    "Recurrent", "Run", "RungeKutta4", "SegmentLinear", "Sequential", "Sigmoid", "StraightThrough", "Subtract", "SumPool2d",
    "AlphaSynapse", "ConductanceSynapse", "DeltaSynapse", "DoubleExponentialSynapse", "ExponentialSynapse", "NMDASynapse",
    "ShortTermPlasticity", "Synapse",
    "ABS", "AntiSTDP", "BCM", "CentredSTDP", "Clopath", "DiehlCookSTDP", "GradedBCM", "InhibitorySTDP", "MSTDP", "MSTDPET", "NearestSTDP", "PairSTDP", "Post",
    "RestrictedSTDP", "RewardSTDP", "Rule", "TripletSTDP", "TsodyksMarkram", "TsodyksMarkramSTDP", "modulator", "trace",
    "Bucket", "DeepEchoState", "DeepLiquidState", "EchoState", "LiquidState", "LiquidTimeConstant", "NCP", "NVAR", "NeuCube",
    "AllToAll", "DistanceDependent", "FixedInDegree", "FixedOutDegree", "FixedProbability", "FixedTotalNumber", "Network", "OneToOne", "Pairs",
    "PoissonSource", "Residual", "SmallWorld", "SpikeSource", "Timed",
    "Surrogate", "ToValue", "Triangle", "mV", "ms", "nA", "nS", "pA", "pF", "convert", "parameter", "read_events", "state",
]  # fmt: skip
ROOMS = [
    "analysis", "conversion", "data", "decoders", "encoders", "energy", "equations", "hardware", "instruments", "interchange", "kernels", "layers",
    "losses", "neurons", "plasticity", "plot", "plotting", "reservoirs", "simulation", "spikes", "surrogates", "synapses", "training", "units",
]  # fmt: skip
HEAVY = ("matplotlib", "lightning", "torchmetrics", "sklearn", "soundfile", "PIL", "typer")


def fresh(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error::ImportWarning", "-c", code],
        capture_output=True, text=True, timeout=400, env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.strip()


def test_the_names_are_these() -> None:
    assert sorted(rv.__all__) == sorted([*NAMES, *ROOMS])
    assert set(dir(rv)) == {*NAMES, *ROOMS, "__version__"}


@pytest.mark.parametrize("name", NAMES)
def test_every_name_resolves_to_what_it_says(name: str) -> None:
    found = getattr(rv, name)
    assert getattr(found, "__name__", name) == name


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'ranvier' has no attribute 'LIFF'"):
        rv.LIFF  # noqa: B018


def test_import_pulls_in_nothing_heavy_and_little_at_all() -> None:
    code = f"import sys, ranvier; print([m for m in {(*HEAVY, 'torch', 'numba', 'sympy')!r} if m in sys.modules])"
    assert fresh(code) == "[]"


def test_neurons_and_layers_pull_in_nothing_heavy() -> None:
    code = (
        "import sys, ranvier as rv; rv.Sequential(rv.Linear(4, 2, bias=False), rv.LI(), rate=None); rv.encoders; rv.decoders; rv.losses; rv.instruments; "
        f"print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    assert fresh(code) == "[]"


def test_units_are_plain_floats_in_si() -> None:
    assert (20 * rv.ms, 3 * rv.mV, 2 * rv.nS * rv.mV) == (0.02, 0.003, pytest.approx(2 * rv.pA))
    assert 5 * rv.pF * rv.mV / rv.ms == pytest.approx(5 * rv.pA) and 3 * rv.Hz == 3.0 and rv.nA == 1e-9
    assert isinstance(rv.__version__, str)

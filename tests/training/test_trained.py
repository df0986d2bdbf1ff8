"""One face for whatever a run folder holds."""

import shutil

import numpy as np
import pytest

from ranvier.energy import DEFAULT_BITS
from ranvier.errors import RanvierError
from ranvier.reservoirs import EchoState, Equidistant, RidgeClassifier, save
from ranvier.training.network import build
from ranvier.training.outcome import Outcome
from ranvier.training.reservoirs.fitted import Fitted
from ranvier.training.reservoirs.sequences import sequences
from ranvier.training.runs import RESERVOIR, RunFolder, Source
from ranvier.training.trained import TrainedNetwork, open_trained


@pytest.fixture(scope="module")
def echo_run(sound_case, tmp_path_factory) -> RunFolder:
    """A reservoir that was fitted to the tones; not to be changed."""
    model = EchoState(10, pooling=Equidistant(2), readout=RidgeClassifier(1.0))
    model.fit(sequences(sound_case.inputs, sound_case.parts.train), sound_case.samples.y[sound_case.parts.train])
    path = tmp_path_factory.mktemp("runs") / "echo"
    run = RunFolder.create(
        str(path), sound_case.recipe, Source("tones"), "ranvier train tones", "echo", {"units": "10"}
    )
    save(model, path / RESERVOIR)
    return run


@pytest.fixture
def copy(echo_run, tmp_path) -> RunFolder:
    shutil.copytree(echo_run.path, tmp_path / "copy")
    return RunFolder.open(tmp_path / "copy")


def test_a_reservoir_is_opened_without_its_data(sound_case, echo_run):
    run = RunFolder.open(echo_run.path)
    assert (run.model, run.holds_network, run.noun) == ("echo", False, "model")
    assert run.recipe.samples == sound_case.recipe.samples and run.recipe.frames is not None
    trained = open_trained(run)
    assert isinstance(trained, Fitted) and trained.bits == DEFAULT_BITS
    assert trained.neurobench(sound_case.inputs, sound_case.parts.test) is None


def test_networks_and_reservoirs_have_one_face(sound_case, echo_run, tmp_path):
    network = sound_case.begin(tmp_path / "run")
    network.save_weights(build(sound_case.recipe).state_dict())
    assert isinstance(open_trained(network), TrainedNetwork)
    for run in (network, echo_run):
        trained, test = open_trained(run), sound_case.parts.test
        decision, chance = trained.decide(sound_case.inputs, test)
        measured = trained.measure(sound_case.inputs, test)
        assert np.array_equal(decision, measured.decision) and measured.samples == len(test)
        np.testing.assert_allclose(chance, measured.probability, rtol=1e-5)
        np.testing.assert_allclose(chance.sum(1), 1, rtol=1e-5)
        metrics = {"epochs": [], "final": {"linear_floor": 0.5, "warnings": ["beware"]}}
        data = trained.report(Outcome(run, sound_case.samples, sound_case.inputs, sound_case.parts, measured, metrics))
        assert data.floor == 0.5 and data.warnings == ["beware"] and data.energy is not None
        assert data.energy.passes == measured.passes > 1 and data.energy.spiking is (run is network)


def test_a_reservoir_is_no_network(echo_run):
    with pytest.raises(RanvierError, match=r"holds a reservoir \(--model echo\); this verb needs a network"):
        echo_run.network()


def test_a_missing_reservoir_says_what_to_type(copy):
    (copy.path / RESERVOIR).unlink()
    text = r"no reservoir\.safetensors: this run ended before its fit did.*type its command again, `ranvier train tones`, with another --out"
    with pytest.raises(RanvierError, match=text):
        open_trained(copy)


@pytest.mark.parametrize("broken", [lambda data: b"", lambda data: data[:-9], lambda data: b"text" * 99])
def test_a_damaged_reservoir_is_named(copy, broken):
    file = copy.path / RESERVOIR
    file.write_bytes(broken(file.read_bytes()))
    with pytest.raises(RanvierError, match=r"reservoir\.safetensors: no reservoir can be read from it"):
        open_trained(copy)


@pytest.mark.parametrize(("width", "labels"), [(39, (0, 1)), (40, (0, 2)), (40, (0, 1, 2))])
def test_a_reservoir_of_another_run(copy, width, labels):
    x = [np.random.default_rng(k).normal(size=(3, width)) for k in range(2 * len(labels))]
    model = EchoState(4, pooling=Equidistant(2), readout=RidgeClassifier(1.0)).fit(x, np.array(2 * labels))
    save(model, copy.path / RESERVOIR)
    with pytest.raises(
        RanvierError, match=r"reservoir\.safetensors: damaged or of another run \(.+\)\. Restore the file"
    ):
        copy.reservoir()


def test_a_reservoir_that_was_not_fitted(copy):
    save(EchoState(4), copy.path / RESERVOIR)
    with pytest.raises(RanvierError, match="damaged or of another run"):
        copy.reservoir()

"""Reservoirs as a training's result: how they are made, what they decide, and their work counted by hand."""

import re
from dataclasses import replace

import numpy as np
import pytest

from ranvier.energy import price
from ranvier.errors import RanvierError
from ranvier.reservoirs import (
    NVAR,
    Bucket,
    Counts,
    DeepEchoState,
    EchoState,
    Equidistant,
    LiquidState,
    LiquidTimeConstant,
    Mean,
    NeuCube,
    Rates,
    RidgeClassifier,
)
from ranvier.training.inputs import prepare
from ranvier.training.measure import Measured
from ranvier.training.reservoirs.fitted import Fitted
from ranvier.training.reservoirs.job import Job, train
from ranvier.training.reservoirs.models import MODELS, reservoir, suited
from ranvier.training.reservoirs.real import real
from ranvier.training.reservoirs.sequences import sequences
from ranvier.training.reservoirs.votes import probabilities, votes
from ranvier.training.reservoirs.work import worked
from ranvier.training.summary import energy

LENGTHS = (4, 6, 5, 5, 4, 6)
STEPS, SAMPLES = sum(LENGTHS), len(LENGTHS)


def rows(features: int = 3) -> list[np.ndarray]:
    random = np.random.default_rng(0)
    return [random.normal(size=(n, features)) for n in LENGTHS]


def fitted(model, x=None, y=(0, 1, 2, 0, 1, 2)):
    model.readout = RidgeClassifier(1.0)
    return model.fit(rows() if x is None else x, np.array(y))


@pytest.fixture(scope="module")
def echo() -> EchoState:
    return fitted(EchoState(12, pooling=Equidistant(2, segments=True)))


# models


@pytest.mark.parametrize("name", MODELS)
def test_every_name_makes_its_model(name, sound_case):
    made = reservoir(name, sound_case.recipe.changed(seed=5))
    assert made.random_state == 5 and isinstance(made.readout, RidgeClassifier)
    recipe = suited(name, sound_case.recipe)
    hop = MODELS[name].hop
    assert recipe.frames is not None and sound_case.recipe.frames is not None
    assert recipe.frames.hop == (sound_case.recipe.frames.hop if hop is None else hop)


def test_sizes_and_epochs_go_where_they_are_known(sound_case):
    recipe = sound_case.recipe
    assert isinstance(reservoir("echo", recipe, (7, 8)), DeepEchoState)
    cell = reservoir("cfc", recipe, (9,), 3)
    assert isinstance(cell, LiquidTimeConstant) and (cell.units, cell.epochs, cell.cell) == (9, 3, "CfC")
    with pytest.raises(RanvierError, match=r"--hidden 9,8: --model ltc has one population\. Give one size"):
        reservoir("ltc", recipe, (9, 8))
    with pytest.raises(RanvierError, match="--hidden: --model liquid has a fixed size"):
        reservoir("liquid", recipe, (9,))


def test_products_of_wide_rows_are_refused(image_case):
    wide = replace(image_case.recipe, shape=(1, 8, 65))
    with pytest.raises(RanvierError, match="--model nvar: a row has 65 numbers, expected at most 64: .* --model echo"):
        reservoir("nvar", wide)


def test_pictures_have_no_frames_to_suit(image_case):
    assert suited("ltc", image_case.recipe) is image_case.recipe


def test_a_fit_that_cannot_be_done_is_said(sound_case, tmp_path):
    job = Job(sound_case.begin(tmp_path / "run"), sound_case.samples, sound_case.parts, EchoState(0))
    with pytest.raises(RanvierError, match="the fit stopped: EchoState: units must be at least 1"):
        train(job, lambda text: None)


def test_what_a_fit_warns_of_stands_in_the_report(sound_case, tmp_path):
    model = EchoState(20, spectral_radius=3.0, readout=RidgeClassifier(1.0))
    job = Job(sound_case.begin(tmp_path / "run"), sound_case.samples, sound_case.parts, model)
    with pytest.warns(UserWarning, match="spectral_radius"):
        figures = train(job, lambda text: None)
    assert len(figures["warnings"]) == 1 and "spectral_radius" in figures["warnings"][0]
    assert "spectral_radius" in (tmp_path / "run" / "report.html").read_text()


# decisions


def test_rows_of_a_sample_have_mean_0_and_deviation_1(sound_case):
    (found,) = sequences(sound_case.inputs, np.array([1]))
    assert found.shape == sound_case.inputs.picture(1).shape
    assert found.mean() == pytest.approx(0, abs=1e-6) and found.std() == pytest.approx(1)


def test_the_largest_vote_is_the_prediction_and_a_class_that_was_not_fitted_gets_none(echo):
    found = votes(echo, rows(), 5)
    assert np.array_equal(found.argmax(1), echo.predict(rows())) and (found[:, 3:] == -1).all()
    chance = probabilities(found)
    np.testing.assert_allclose(chance.sum(1), 1)
    best, other = found[0, :2]
    assert chance[0, 0] / chance[0, 1] == pytest.approx(np.exp(4 * (best - other)))


def test_two_classes(sound_case):
    model = fitted(EchoState(8, pooling=Equidistant(2)), y=(0, 1, 0, 1, 0, 1))
    found = votes(model, rows(), 2)
    assert np.array_equal(found.argmax(1), model.predict(rows())) and np.array_equal(found[:, 0], -found[:, 1])


def test_samples_that_are_too_short_begin_with_their_first_row():
    model, (part, *_) = fitted(NVAR(taps=2, stride=3, pooling=Mean())), rows()
    short, longer = votes(model, [part[:1], np.repeat(part[:1], 4, 0)], 3)
    np.testing.assert_allclose(short, longer)


# work


def test_an_echo_state_multiplies_over_every_synapse_in_every_row(echo):
    layers, counts, passes = worked(echo, rows())
    synapses = 12 * 3 + np.count_nonzero(echo.weights_.weight)
    body, readout = layers
    assert (body.operations, body.dense) == (synapses * STEPS, synapses * STEPS) and body.analog and not body.fires
    assert readout.operations == readout.dense == 3 * 24 * SAMPLES and readout.parameters == 3 * 24 + 3
    first, units, pooled, last = counts.layers
    assert (first.synapses, first.multiplications, first.values) == (synapses, synapses * STEPS, 15 * STEPS)
    assert (units.updates, units.states, units.adds, units.multiplies) == (12 * STEPS, 1, 2, 3)
    assert (pooled.updates, pooled.adds) == (12 * STEPS, 1)
    assert (last.inputs, last.synapses, last.once) == (24, 72, True)
    assert (counts.samples, counts.steps, passes, counts.spiking) == (SAMPLES, 5, 5, False)
    w = echo.weights_
    held = sum(part.nbytes for part in (w.win, w.bias, w.weight, w.source, w.leak))
    assert counts.footprint == held + echo.readout_.coef_.nbytes + echo.readout_.intercept_.nbytes


def test_without_spikes_nothing_is_gained(echo, sound_case):
    trained = Fitted(echo, sound_case.recipe)
    layers, counts, passes = worked(echo, rows())
    found = energy(Measured(np.zeros(6), np.zeros((6, 3)), layers, SAMPLES, counts, passes), 0.5, bits=trained.bits)
    assert found is not None and found.float32.ratios == (1.0, 1.0, 1.0) and not found.flips
    assert found.float32.break_even == (None, None, None) and not found.spiking
    assert "is its own network without spikes: nothing is gained" in found.verdict
    operations = sum(c.multiplications for c in counts.layers) / SAMPLES
    assert found.float32.spiking.operations == pytest.approx(4.6 * operations)
    assert found.float32.spiking.weights == pytest.approx(5 * operations)


def test_layers_of_a_deep_echo_state(echo):
    model = fitted(DeepEchoState((5, 4), activation="identity", pooling=Equidistant(2)))
    body = real(model, 10)
    first, _, second, units = body.counts
    assert (first.inputs, second.inputs, body.units) == (3 + 5, 5 + 4, 9)
    assert second.synapses == 20 + np.count_nonzero(model.layers_[1].weight)
    assert (units.updates, units.adds, units.multiplies) == (40, 2, 2)
    assert [c.name for c in worked(model, rows())[1].layers].count("Equidistant") == 0, (
        "states that are picked cost nothing"
    )


@pytest.mark.parametrize("cell", ["LTC", "CfC"])
def test_cells_that_learn(cell):
    model = fitted(LiquidTimeConstant(4, cell=cell, epochs=1, pooling=Equidistant(2)))
    body = real(model, 10)
    dense = body.counts[0]
    if cell == "LTC":
        assert dense.synapses == 4 * (3 * 4 + 6 * 4 * 4)
        assert body.counts[1].updates == 10 * (12 + 96) and body.counts[2].updates == 10 * 6 * 4
    else:
        assert [c.synapses for c in body.counts if c.synapses] == [7 * 128, 128 * 16]
        assert body.counts[-1].updates == 40
    learned = sum(values.size for values in model.weights_.values())
    assert (body.learned, body.footprint, body.name) == (learned, 8 * learned, f"1 {cell}") and body.spikes is None


def test_a_bucket_is_computed_cell_by_cell():
    body = real(fitted(Bucket((5, 6), step=0.02, dt=0.01, pooling=Equidistant(2))), 10)
    motors, surface = body.counts
    assert (motors.synapses, surface.updates, surface.states) == (3, 30 * 10 * 2, 2)
    assert (surface.adds, surface.multiplies, body.steps) == (6, 3, 20)


def test_products_are_multiplied_in_every_row():
    model = fitted(NVAR(taps=2, orders=(2, 3), pooling=Mean()))
    body = real(model, 10)
    pairs, triples = body.counts  # of 6 values: 21 and 56
    assert (pairs.updates, pairs.multiplies, triples.updates, triples.multiplies) == (210, 1, 560, 2)
    assert (body.units, body.footprint) == (6 + 21 + 56, 8 * (2 * 21 + 3 * 56) + 8 * 2 * 3)
    layers, counts, _ = worked(model, rows())
    assert (layers[0].operations, layers[1].operations) == (0, 3 * 83 * SAMPLES) and counts.footprint > body.footprint


def test_what_is_not_known_is_not_counted():
    with pytest.raises(RanvierError, match=r"object: its work cannot be counted\. Known: EchoState.*, NVAR\."):
        real(object(), 10)


def test_a_liquid_adds_for_each_spike_and_synapse():
    x = [(np.random.default_rng(k).random((n, 3)) < 0.5).astype(float) for k, n in enumerate(LENGTHS)]
    model = fitted(
        LiquidState((3, 2, 2), code=Counts(), dt=1e-3, input_scale=4.0, pooling=Equidistant(2, segments=True)), x
    )
    layers, counts, passes = worked(model, x)
    wiring, entering = model.wiring_, model.inputs_
    sent = np.concatenate(model.spike_counts(x)).sum(0)
    links = np.bincount(wiring.pre, minlength=12)
    among = int(sent @ links)
    into = int(model.input_counts(x).sum(0) @ np.bincount(entering.channel, minlength=3))
    body = layers[0]
    assert sent.sum() > 0 and body.operations == among + into and body.fires and not body.analog
    assert body.dense == 5 * SAMPLES * (len(wiring.pre) + len(entering.channel))
    assert body.rates.sum() == pytest.approx(sent.sum() / (10 * STEPS)) and body.steps == 10 * STEPS
    assert counts.spiking and passes == 5 and counts.steps == round(10 * STEPS / SAMPLES)
    projections = [c for c in counts.layers if c.name == "synapses"]
    assert sum(c.additions for c in projections) == among + into
    dynamic = sum(c.updates for c in counts.layers if c.name == "DynamicSynapse")
    assert dynamic == among, "a synapse with dynamics is visited at its presynaptic spikes alone"
    neurons = sum(c.updates for c in counts.layers if c.name == "LIF")
    assert neurons == 12 * 10 * STEPS
    assert [c.updates for c in counts.layers if c.place in ("traces", "pooling")] == [12 * STEPS] * 2
    found = price(counts, passes=passes).float32
    dense = 5 * (len(wiring.pre) + len(entering.channel)) + 3 * 24
    assert found.without.operations == pytest.approx(4.6 * dense), "the readout is computed once"
    fewer = price(counts, passes=1).float32
    assert found.break_even_passes == pytest.approx(fewer.break_even_passes)


def test_a_cube_is_a_liquid():
    model = fitted(NeuCube((3, 3, 3), length=0.6, code=Rates(200.0), target_rate=20.0))
    (body, _), counts, _ = worked(model, rows())
    assert body.fires and body.operations > 0 and "traces" not in [c.place for c in counts.layers]


def test_sounds_at_another_rate_are_refused(sound_case):
    text = "tones: sounds at 16000 Hz, the model was trained at 8000 Hz. Read them at that rate, such as open_samples(path, rate=8000)."
    with pytest.raises(RanvierError, match=re.escape(text)):
        prepare(replace(sound_case.samples, rate=16000), sound_case.recipe)

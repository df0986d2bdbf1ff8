"""Deep liquid state machines: stages, what joins them, rates, what the winners learn."""

import warnings

import numpy as np
import pytest

from ranvier.reservoirs import Counts, DeepLiquidState, load, save
from ranvier.reservoirs.wiring import winners
from ranvier.units import ms, nA

RANDOM = np.random.default_rng(0)
TRAINS = [(RANDOM.random((15, 3)) < (0.15, 0.6)[k % 2]).astype(float) for k in range(8)]
LABELS = np.array(["few", "many"])[np.arange(8) % 2]


def deep(**options) -> DeepLiquidState:
    return DeepLiquidState(
        (3, 3, 2), **{"layers": 2, "encoders": 6, "code": Counts(), "dt": 0.5 * ms, "random_state": 1, **options}
    )


@pytest.fixture(scope="module")
def fitted() -> DeepLiquidState:
    return deep(learning_rate=0.05).fit(TRAINS, LABELS)


def test_liquids_and_winners_take_turns_and_all_are_read(fitted):
    assert fitted.stages_ == [(0, 18), (18, 25), (25, 43)]
    assert fitted.states(TRAINS[:1])[0].shape == (15, 43) and fitted.score(TRAINS, LABELS) == 1.0
    assert fitted.inputs_.neuron.max() < 18


def test_synapses_between_stages_go_forward_from_excitatory_neurons(fitted):
    w, stage = fitted.wiring_, np.searchsorted([18, 25], np.arange(43), side="right")
    ahead = stage[w.post] - stage[w.pre]
    assert set(ahead.tolist()) == {0, 1}
    assert not w.inhibitory[w.pre[ahead == 1]].any()
    assert 24 not in w.post[ahead == 1]  # the inhibitory neuron of the winners hears of them alone


def test_every_stage_fires_at_the_rate_asked_for(fitted):
    rates = fitted._rates(TRAINS)
    assert rates[:18].mean() == pytest.approx(15.0, rel=0.4)
    assert rates[18:24].mean() == pytest.approx(15.0, rel=0.4)
    assert rates[25:].mean() == pytest.approx(15.0, rel=0.4)


def test_only_synapses_onto_winners_learn(fitted):
    still = deep(learning_rate=0.0).fit(TRAINS, LABELS)
    onto = (fitted.wiring_.post >= 18) & (fitted.wiring_.post < 24) & (fitted.wiring_.pre < 18)
    ratio = fitted.wiring_.weight / still.wiring_.weight
    assert np.ptp(ratio[onto]) > 0.05
    inside = fitted.wiring_.post < 18
    np.testing.assert_allclose(ratio[inside], 1.0)
    assert (fitted.wiring_.weight[onto] >= 0).all()


def test_a_file_holds_all_of_it(fitted, tmp_path):
    again = load(save(fitted, tmp_path / "deep"))
    np.testing.assert_array_equal(again.rows(TRAINS), fitted.rows(TRAINS))
    assert again.stages_ == fitted.stages_


def test_spike_counts_are_those_behind_the_rates(fitted):
    counts = fitted.spike_counts(TRAINS[:2])
    assert [c.shape for c in counts] == [(15, 43)] * 2 and (counts[0] == np.round(counts[0])).all()
    assert np.concatenate(counts).mean(0) / fitted.step == pytest.approx(fitted._rates(TRAINS[:2]))


def test_a_layer_of_winners_inhibits_itself_through_one_neuron():
    w = winners(4, 40 * nA)
    assert w.n == 5 and w.inhibitory.tolist() == [False] * 4 + [True]
    assert w.kind.tolist() == [1] * 4 + [2] * 4 and w.weight[4:].tolist() == [-40 * nA] * 4
    assert (w.use == 1).all()


def test_input_of_zeros_is_named_as_the_cause():
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        deep().fit([np.zeros((120, 3))] * 4, LABELS[:4])
    assert [str(one.message) for one in told] == [
        "DeepLiquidState: X is zero in all steps of all training sequences, so that no spike enters and the liquid is silent. Check X."
    ]


def test_without_winners_liquids_reach_each_other():
    model = deep(encoders=0, layers=3, target_rate=None).fit(TRAINS, LABELS)
    assert model.stages_ == [(0, 18), (18, 36), (36, 54)] and model.states(TRAINS[:1])[0].shape == (15, 54)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layers": 0}, r"DeepLiquidState: layers must lie in \[1, inf\], got 0"),
        ({"forward_probability": 1.5}, r"forward_probability must lie in \[0, 1\], got 1.5"),
        ({"forward_probability": 0.0}, r"no synapse reaches stage 1. Raise forward_probability \(now 0\)"),
    ],
)
def test_arguments_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        deep(**options).fit(TRAINS, LABELS)

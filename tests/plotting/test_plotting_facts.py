import numpy as np
import pytest

from ranvier.plotting.facts import LayerFacts


def layer(rates) -> LayerFacts:
    return LayerFacts("hidden", len(rates), np.array(rates, dtype=float), 0.0, 0.0, 0.0, 0)


def test_dead_and_saturated():
    facts = layer([0.0, 0.0, 0.9, 0.91, 1.0, 0.2, np.nan])
    assert facts.dead == 2
    assert facts.saturated == 2
    assert facts.rate == pytest.approx(3.01 / 6)


def test_layer_without_spikes():
    facts = layer([])
    assert np.isnan(facts.rate)
    assert (facts.dead, facts.saturated) == (0, 0)


def test_winner_follows_the_prediction_if_classes_are_known(make_sample):
    trace = make_sample(predicted="b", probability=np.array([[0.2, 0.3, 0.5]]))
    assert trace.winner() == 2
    assert trace.winner(("a", "b", "c")) == 1
    assert trace.runner_up(("a", "b", "c")) == 2
    assert trace.runner_up() == 1


@pytest.mark.parametrize(
    ("first", "expected"), [([0.9, 0.9, 0.9], 0), ([0.1, 0.9, 0.9], 1), ([0.9, 0.1, 0.9], 2), ([0.9, 0.9, 0.1], None)]
)
def test_settled_is_the_start_of_the_final_lead(make_sample, first, expected):
    column = np.array(first)
    trace = make_sample(predicted="a", probability=np.stack([column, 1 - column], axis=1))
    assert trace.settled(("a", "b")) == expected


def test_runner_up_of_a_single_class(make_sample):
    assert make_sample(classes=1).runner_up() is None


@pytest.mark.parametrize("confusion", [np.ones((2, 3), int), np.ones((3, 3))])
def test_confusion_must_be_square_counts(make_run, confusion):
    with pytest.raises(ValueError, match=r"integer counts.*of shape \(3, 3\)"):
        make_run(confusion=confusion)


@pytest.mark.parametrize("name", ["output", "probability"])
def test_traces_must_have_a_column_a_class(make_run, make_sample, name):
    with pytest.raises(ValueError, match=rf"sample.{name} must have shape .* got \(30, 2\)"):
        make_run(sample=make_sample(**{name: np.ones((30, 2))}))

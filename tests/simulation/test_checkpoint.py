"""The state of a network as a value: files of before, and what is refused before anything changes."""

import numpy as np
import pytest

import ranvier as rv
from ranvier.kernels.cpu.plasticity import SPAN
from ranvier.plasticity import PairSTDP
from ranvier.simulation.checkpoint import EARLIER

DT = 1e-3
TIMES = [0.0105, 0.0305, 0.0815, 0.1005, 0.1415]


def learning(begin: int = 0) -> rv.Network:
    """Two neurons whose synapse learns, from step `begin` on, as if nothing had happened before; the second fires when it is told to."""
    net = rv.Network(dt=DT, seed=1)
    pre, post = (
        net.add(1, rv.SpikeSource([begin * DT + shift + t for t in TIMES], [0] * len(TIMES))) for shift in (0.0, 0.013)
    )
    cell = net.add(1, rv.LIF(dt=DT, v_threshold=1.0, input=rv.ImpulseInput()), "cell")
    net.connect(post, cell, weight=10.0)
    net.connect(pre, cell, weight=0.1, plasticity=PairSTDP())
    state = net.state()
    return net.restore(state | {"step": np.array(begin), "visits": state["visits"] + 2 * begin})


def test_a_file_whose_histories_began_later_goes_on_the_same():
    """Histories began anew after 4,096 steps once, and files did not say where theirs began."""
    begin = 3 * EARLIER
    assert SPAN > begin + 200
    whole = learning(begin)
    whole.run(0.2)
    first = learning(begin)
    first.run(0.09)
    before = first.state()
    assert before["history"].size > 0 and before["history.begins"] == 0
    older = {name: value for name, value in before.items() if name != "history.begins"}
    older["history"] = (older["history"] - begin).astype(np.uint16)
    second = learning(begin).restore(older)
    second.run(0.11)
    expected, found = whole.state(), second.state()
    assert [name for name in expected if not np.array_equal(expected[name], found[name])] == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"step": np.array(-1)}, "spikes in flight do not belong to its step"),
        ({"visits": np.array([2 * SPAN])}, "last visits to synapses do not belong"),
        ({"visits": np.array([-2])}, "last visits to synapses do not belong"),
        ({"history": np.array([90], np.uint16), "history.ends": np.array([1])}, "histories of spikes do not belong"),
        ({"history": np.array([], np.uint16)}, "histories of spikes do not belong"),
        ({"history.ends": np.array([-1])}, "histories of spikes do not belong"),
        ({"history.begins": np.array(50)}, "histories of spikes do not belong"),
        ({"reward.step": np.array([1])}, "rewards do not belong"),
        ({"cell.v": np.array([np.nan])}, r"cell\.v holds NaN"),
        ({"cell.v": np.zeros(2)}, r"cell\.v has shape \(2,\), expected \(1,\)"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_changes(change, words):
    net = learning()
    net.run(0.09)
    state = net.state()
    with pytest.raises(ValueError, match=words):
        net.restore(state | change)
    after = net.state()
    assert [name for name in state if not np.array_equal(state[name], after[name])] == []


def test_a_state_of_another_network():
    with pytest.raises(ValueError, match=r"this state lacks .*: it is of another network"):
        learning().restore({})
    other = rv.Network(dt=DT)
    other.add(2, rv.LIF(dt=DT), "cell")
    with pytest.raises(ValueError, match="of another network"):
        learning().restore(other.state())


def small(
    weight: object = 0.2, delay: float = 2 * DT, pairs: object = ((0, 1), (1, 0)), tau: object = 0.02
) -> rv.Network:
    net = rv.Network(dt=DT, seed=1)
    a, b = (net.add(2, rv.LIF(dt=DT, tau_mem=tau), name) for name in "ab")
    a.inject(1.5)
    net.connect(a, b, rv.Pairs(*pairs), weight=weight, delay=delay)
    return net


@pytest.mark.parametrize(
    "other",
    [
        {"weight": 0.3},
        {"weight": [0.2, 0.3]},
        {"weight": rv.simulation.Uniform(0.1, 0.2)},
        {"delay": 3 * DT},
        {"pairs": ((0, 1), (0, 1))},
        {"weight": rv.simulation.Normal(0.2, 0.1)},
    ],
)
def test_a_network_with_other_numbers(other):
    state = small().state()
    small().restore(state)
    with pytest.raises(ValueError, match="a weight, a delay, a link or a parameter of a neuron differs"):
        small(**other).restore(state)
    older = {name: value for name, value in state.items() if name != "values" and not name.endswith(".current")}
    small(**other).restore(older)  # a file of a version that did not tell


def test_an_injected_current_belongs_to_the_state():
    net = small()
    a = net.populations[0].inject(2.0)
    net.run(0.05)
    state = net.state()
    expected = net.run(0.05).spikes(a)[0]
    a.inject(0.0)
    again = net.restore(state).run(0.05).spikes(a)[0]
    assert len(expected) > 0 and np.array_equal(again, expected)

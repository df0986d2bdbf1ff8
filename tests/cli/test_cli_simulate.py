"""`ranvier simulate`: a standard network, one of the user's own, its folder, and what can be typed wrongly."""

import json
from pathlib import Path

import pytest

from ranvier.cli import simulate as verb
from ranvier.interchange import load_spikes
from ranvier.plotting import simulation_report
from ranvier.simulation import Network, Run

OWN = '''
"""Noise onto a few neurons."""
import ranvier as rv
from neighbour_of_the_network import RATE


def network(n: int = 20, rate: float = RATE, loud: bool = True, label: str = "x", seed: int = 0):
    net = rv.Network(seed=seed)
    a = net.add(n, rv.PoissonSource(rate if loud else 0.0), "noise")
    b = net.add(n, rv.PoissonSource(1.0), "others")
    return net
'''
SMALL = ("--set", "n_exc=64", "--set", "n_inh=16", "--set", "p=0.1", "--duration", "50ms")


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "neighbour_of_the_network.py").write_text("RATE = 400.0\n")
    (tmp_path / "mine.py").write_text(OWN)
    return tmp_path / "mine.py"


def problem(answer) -> str:
    assert answer.status == 1 and answer.out == "", answer
    return " ".join(answer.err.split())


def test_a_standard_network_and_its_folder(ranvier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    answer = ranvier(
        "simulate", "coba", *SMALL, "--set", "current=400pA", "--seed", 3, "--dt", "0.1ms", "--threads", 1, "--json"
    )
    assert answer.status == 0, answer.err
    told = json.loads(answer.out)
    assert told["folder"] == "coba-simulation" and told["seed"] == 3 and told["duration"] == pytest.approx(0.05)
    assert [p["name"] for p in told["populations"]] == ["E", "I"] and told["populations"][0]["rate"] > 1
    assert told["synapses"] == 640 and told["neurons"] == 80 and told["real_time_factor"] > 0
    folder = tmp_path / "coba-simulation"
    report = (folder / "report.html").read_text()
    for words in (
        "report of a simulation",
        "Activity",
        "CV of intervals",
        "Connectivity matrix",
        "ConductanceLIF",
        "--set current=400pA",
    ):
        assert words in report
    assert "http" not in report.replace("http://www.w3.org", "") and "Stopped early" not in report
    spikes = load_spikes(folder / "spikes.npz")
    assert sum(len(times) for times, _ in spikes.values()) == told["spikes"] and list(spikes) == ["E", "I"]
    assert told["energy"]["measured"] is False and told["energy"]["float32"]["passes"] == 1
    assert "Energy, estimated" in report and "the run of 0.05 s" in report and "so many dense passes" in report
    assert json.loads((folder / "simulation.json").read_text())["spikes"] == told["spikes"]
    lines = verb._text(told, folder).splitlines()
    assert any(line.startswith("energy, estimated, nothing measured: as ") for line in lines)
    assert "coba-simulation: holds report.html, simulation.json, spikes.npz of an earlier simulation" in problem(
        ranvier("simulate", "coba", *SMALL)
    )


def test_spikes_as_other_tables(ranvier, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(own.parent)
    answer = ranvier("simulate", own, "--duration", "50ms", "--spikes", "csv", "--out", "as_csv", "--threads", 1)
    assert answer.status == 0 and "energy" not in answer.out, "there are no synapses to compare"
    assert "there is nothing to compare" in (own.parent / "as_csv" / "report.html").read_text()
    assert (own.parent / "as_csv" / "spikes.csv").read_text().startswith("time,population,neuron\n")
    assert "--spikes xls: expected npz, csv, parquet. Write --spikes npz." in problem(
        ranvier("simulate", own, "--spikes", "xls")
    )
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "--spikes parquet needs the package pyarrow" in problem(ranvier("simulate", "coba", "--spikes", "parquet"))


def test_a_file_of_ones_own(ranvier, own: Path) -> None:
    answer = ranvier(
        "simulate",
        own,
        "--set",
        "n=30",
        "--set",
        "loud=false",
        "--set",
        "label=y",
        "--seed",
        1,
        "--duration",
        "0.1",
        "--out",
        "made",
    )
    assert answer.status == 0, answer.err
    assert "noise" in answer.out and "report: made/report.html" in answer.out and "0 Hz" in answer.out
    again = ranvier("simulate", own, "--duration", "0.1", "--out", "made", "--force")
    assert again.status == 0 and "There are no projections" in (own.parent / "made" / "report.html").read_text()
    (own.parent / "plain.py").write_text(
        "import ranvier as rv\nnet = rv.Network()\nnet.add(5, rv.PoissonSource(0.0), 'p')\n"
    )
    silent = ranvier("simulate", "./plain.py", "--duration", "10ms")
    assert silent.status == 0 and "Nothing fired" in (own.parent / "plain-simulation" / "report.html").read_text()
    assert "--seed: plain takes none. Set it in the file" in problem(ranvier("simulate", "plain.py", "--seed", 1))


def test_ctrl_c_keeps_what_ran(ranvier, own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Network.run

    def stopped(net: Network, duration: float, **options: object) -> Run:
        return whole(net, min(duration, 0.02), **options)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(Network, "run", stopped)
    answer = ranvier("simulate", own, "--duration", "1", "--out", "half")
    assert "0.02 s of 1 s, stopped early" in answer.out
    assert "Stopped early" in (own.parent / "half" / "report.html").read_text()


RUNAWAY = """
import ranvier as rv

class Runaway(rv.Neuron):
    tau: rv.units.Time = rv.parameter(1.0)
    scale: rv.units.Voltage = rv.parameter(1.0)
    v: rv.units.Voltage = rv.state(30.0)
    default_drive = rv.ImpulseInput()

    def dynamics(self, s):
        return {"v": s.v * s.v / (self.tau * self.scale)}

    def receive(self, s, x):
        return {"v": s.v + x}

    def threshold(self, s):
        return s.v - 1e30 * self.scale

net = rv.Network()
net.add(3, Runaway(dt=1e-4), "cells")
"""


def test_a_blow_up_keeps_what_ran_before(ranvier, own: Path) -> None:
    (own.parent / "runaway.py").write_text(RUNAWAY)
    said = problem(ranvier("simulate", "runaway.py", "--duration", "100ms"))
    assert "cells: v of neuron 0 is not finite any more, in the step from 0.033" in said
    assert said.endswith("s, is in runaway-simulation.") and "What ran before, 0.033" in said
    assert "Stopped early" in (own.parent / "runaway-simulation" / "report.html").read_text()


def test_parameters_are_listed(ranvier) -> None:
    answer = ranvier("simulate", "coba", "--set", "help")
    assert answer.status == 0 and "w_exc               6 nS" in answer.out and "dtype" not in answer.out
    assert "ranvier simulate brunel" in " ".join(ranvier("simulate", "--help").out.split())


def test_what_is_typed_wrongly(ranvier, own: Path) -> None:
    for words, expected in (
        (("cobra",), "no network 'cobra'. Did you mean coba? Known: coba, cuba"),
        (("coba", "--threads", 0), "--threads 0: must be at least 1"),
        (("coba", "--duration", "0"), "--duration 0: must be above 0 s"),
        (("coba", "--duration", "1mV"), "--duration: '1mV' is of dimension voltage, expected time"),
        (("coba", "--set", "w_exs=6nS"), "coba has no parameter 'w_exs'. Did you mean w_exc?"),
        (("coba", "--set", "w_exc"), "--set w_exc: expected NAME=VALUE"),
        (("coba", "--set", "w_exc=6mV"), "--set w_exc: '6mV' is of dimension voltage, expected conductance"),
        (("coba", "--set", "n_exc=many"), "--set n_exc=many: n_exc must be a whole number. Write --set n_exc=3200."),
        (("coba", "--set", "v_reset=-40mV"), "coba: ConductanceLIF: v_threshold must lie above v_reset"),
        ((own, "--set", "loud=loud"), "loud must be true or false"),
        ((own, "--set", "rate=high"), "rate must be a number"),
        ((own, "--set", "rate=1e9", "--duration", "1ms"), "rate * dt must lie in [0, 1]"),
        (("nothing.py",), "nothing.py: there is no such file"),
    ):
        assert expected in problem(ranvier("simulate", *words)), words
    for text, expected in (
        ("x = 1\n", "defines neither net nor network()"),
        ("1/0\n", "cannot be run, ZeroDivisionError"),
        ("def network():\n    return 3\n", "network() must return a ranvier.Network, got int"),
    ):
        (own.parent / "wrong.py").write_text(text)
        assert expected in problem(ranvier("simulate", "wrong.py"))


UNWIRED = """
import ranvier as rv

net = rv.Network()
a = net.add(5, rv.PoissonSource(50.0), "a")
b = net.add(5, rv.LIF(), "b").inject(2.0)
net.connect(a, b, rv.FixedProbability(0.0))
net.connect(b, b, rv.Pairs([], []))
"""


def test_projections_that_drew_no_synapse_have_no_histogram(ranvier, own: Path) -> None:
    (own.parent / "unwired.py").write_text(UNWIRED)
    answer = ranvier("simulate", "unwired.py", "--duration", "20ms", "--threads", 1)
    assert answer.status == 0, answer.err
    report = (own.parent / "unwired-simulation" / "report.html").read_text()
    assert "Connectivity matrix" in report and "Right: weights" not in report


def test_less_than_half_a_step_and_errors_that_name_their_network(ranvier, own: Path) -> None:
    said = problem(ranvier("simulate", own, "--duration", "1e-6"))
    assert "--duration 1e-6: shorter than half a step of dt=0.0001 s. Write --duration 100ms" in said
    said = problem(ranvier("simulate", "microcircuit", "--set", "scale=2"))
    assert said.count("microcircuit: ") == 1 and "scale must lie in (0, 1], got 2.0" in said


def test_a_long_text_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation_report, "TEXT", 10)
    assert simulation_report._text(Network()).endswith("\n  ...") and set(verb.NETWORKS) >= {"coba", "celegans"}

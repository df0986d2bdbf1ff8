"""`ranvier neuron`: the table, a built-in model, one of the user's own, and what can be typed wrongly."""

import json
from pathlib import Path

import pytest
from PIL import Image

import ranvier as rv
from ranvier.cli import neuron_facts

OWN = '''
"""Two models: a leaky membrane under names of its own, and a readout."""
import ranvier as rv
from ranvier.units import Resistance, Time, Voltage
from neighbour_of_the_model import LEAST


class Leaky(rv.Neuron):
    """A leaky membrane.

    Source: a notebook.
    """

    tau_mem: Time = rv.parameter(20 * rv.ms, positive=True)
    r: Resistance = rv.parameter(1.0)
    v_leak: Voltage = rv.parameter(0.0)
    v_threshold: Voltage = rv.parameter(1.0)
    v_reset: Voltage = rv.parameter(LEAST)
    v: Voltage = rv.state("v_leak")

    def dynamics(self, s, i):
        return {"v": (self.v_leak - s.v + self.r * i) / self.tau_mem}

    def threshold(self, s):
        return s.v - self.v_threshold

    def reset(self, s):
        return {"v": self.v_reset}


class Undescribed(Leaky):
    __doc__ = None


NUMBER = 3
'''


@pytest.fixture
def own(tmp_path: Path) -> Path:
    (tmp_path / "neighbour_of_the_model.py").write_text("LEAST = 0.0\n")
    (tmp_path / "my_model.py").write_text(OWN)
    return tmp_path / "my_model.py"


def problem(answer) -> str:
    assert answer.status == 1 and answer.out == "", answer
    return " ".join(answer.err.split())


def test_the_table_names_every_model_with_its_states_and_source(ranvier):
    out = ranvier("neuron", "list").out
    for name in ("LIF", "AdEx", "Izhikevich", "HodgkinHuxley", "QIF"):
        assert f"\n{name} " in out
    line = next(row for row in out.splitlines() if row.startswith("LIF "))
    assert (
        "Leaky integrate-and-fire neuron." in line
        and " v " in line
        and "Gerstner et al., Neuronal Dynamics (2014)" in line
    )


def test_the_table_as_json(ranvier):
    rows = {row["name"]: row for row in json.loads(ranvier("neuron", "list", "--json").out)}
    assert rows["AdEx"]["states"] == ["v", "w"] and rows["AdEx"]["source"].startswith("Brette and Gerstner (2005)")
    kinds = {name: getattr(rv.neurons, name) for name in rv.neurons.__all__ if name != "Neuron"}
    expected = [
        name for name, kind in kinds.items() if issubclass(kind, rv.Neuron)
    ]  # `LoihiLIF` has whole numbers and no equations
    assert set(rows) == set(expected) and all(row["summary"] for row in rows.values())


def test_a_model_is_described_and_run(ranvier):
    out = ranvier("neuron", "lif", "--set", "tau_mem=10ms", "--current", "2", "--time", "100ms", "--dt", "0.1ms").out
    assert "LIF: Leaky integrate-and-fire neuron." in out and "spike = margin >= 0" in out, "the text of the program"
    assert "tau_mem = 10 ms" in out and "2 A, constant; 100 ms in steps of 0.1 ms" in out
    assert "spikes        14, at 6.9, 13.9, 20.9," in out and ", ... ms" in out  # 10 ms ln 2 each
    assert "rate          140 Hz" in out and "first spike   6.9 ms" in out
    assert "rheobase      1 A, within 1 s" in out and "fixed points  none below the threshold" in out


def test_json_holds_the_numbers_in_si(ranvier):
    seen = json.loads(ranvier("neuron", "LIF", "--current", "0.5", "--time", "0.4", "--json").out)
    assert (seen["model"], seen["spikes"], seen["rate"], seen["first_spike"]) == ("LIF", 0, 0.0, None)
    assert seen["rheobase"] == pytest.approx(1.0, rel=1e-4) and seen["parameters"]["tau_mem"] == 0.02
    (point,) = seen["fixed_points"]
    assert point["states"] == {"v": 0.5} and point["kind"] == "stable node" and point["eigenvalues"] == [[-50.0, 0.0]]
    assert seen["final_state"]["v"] == pytest.approx(0.5) and seen["input_unit"] == "current" and seen["plot"] is None


def test_a_pattern_is_drawn(ranvier, tmp_path):
    picture = tmp_path / "chattering.png"
    answer = ranvier(
        "neuron", "Izhikevich", "--pattern", "chattering", "--current", 10, "--time", 0.2, "--plot", picture
    )
    assert answer.status == 0 and answer.err == ""
    assert "c = -50 mV, d = 2 mV/ms" in answer.out and "10 mV/ms, constant; 200 ms in steps of 0.5 ms" in answer.out
    assert f"plot          {picture}" in answer.out
    with Image.open(picture) as drawn:
        assert drawn.size == (1440, 1040)
    again = ranvier("neuron", "LIF", "--plot", picture)
    assert again.status == 1 and "chattering.png: is there already. Give another name, or --force" in again.err
    assert ranvier("neuron", "LIF", "--time", 0.05, "--plot", picture, "--force").status == 0


def test_a_pattern_of_a_figure_brings_its_own_input(ranvier):
    seen = json.loads(ranvier("neuron", "izhikevich", "--pattern", "tonic spiking", "--json").out)
    assert seen["input"] == "that of the pattern, 0 mV/ms to 14 mV/ms" and seen["time"] == pytest.approx(0.1)
    assert seen["spikes"] > 3 and seen["first_spike"] > 0.010, "the current begins at 10 ms"
    assert [p["kind"] for p in seen["fixed_points"]] == ["stable node", "saddle"], "at the current of its beginning"


def test_without_a_current_it_is_driven_above_its_rheobase(ranvier):
    out = ranvier("neuron", "LIF").out
    assert "3 A, constant, 3 rheobases; 0.5 s in steps of 1 ms" in out and "rate          110 Hz" in out


def test_impulses_are_counted_a_step(ranvier):
    out = ranvier("neuron", "CubaLIF", "--time", "50ms").out
    assert " a step, constant, 3 rheobases" in out and "fixed points" not in out


def test_a_readout_has_no_spikes(ranvier, tmp_path):
    out = ranvier("neuron", "LI", "--time", 0.1, "--plot", tmp_path / "li.svg").out
    assert "spikes        none: it is a readout" in out and "v = 1 V: stable node" in out and "rheobase" not in out
    seen = json.loads(ranvier("neuron", "LI", "--time", 0.1, "--json").out)
    assert seen["spikes"] is None and seen["rheobase"] is None and (tmp_path / "li.svg").stat().st_size > 1000


def test_a_neuron_that_fires_without_input_or_never(ranvier):
    assert (
        "rheobase      0: it fires without input" in ranvier("neuron", "LIF", "--set", "v_leak=2", "--time", 0.05).out
    )
    out = ranvier("neuron", "LIF", "--set", "r=0", "--time", 0.05).out
    assert "rheobase      none: no constant input makes it fire" in out and "first spike   none" in out


def test_spikes_at_random_have_no_rheobase(ranvier, tmp_path):
    words = ("neuron", "EscapeLIF", "--time", 0.2, "--current", 1.5, "--plot", tmp_path / "escape.png")
    assert "rheobase      none: its spikes are drawn at random" in ranvier(*words).out


def test_a_model_of_ones_own(ranvier, own):
    seen = json.loads(ranvier("neuron", f"{own}:Leaky", "--set", "tau_mem=10ms", "--current", 2, "--json").out)
    assert seen["model"] == "Leaky" and seen["parameters"]["tau_mem"] == 0.01 and seen["rate"] > 100
    assert "Undescribed: no description" in ranvier("neuron", f"{own}:Undescribed", "--time", 0.05).out


def test_the_only_model_of_a_file_need_not_be_named(ranvier, tmp_path):
    file = tmp_path / "one.py"
    file.write_text("import ranvier as rv\n\nclass Mine(rv.LIF):\n    'Mine.'\n")
    assert "Mine: Mine." in ranvier("neuron", file, "--time", 0.05).out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("LIFF",), "no model 'LIFF'. Did you mean LIF or"),
        (("xyzzy",), "no model 'xyzzy'. `ranvier neuron list` shows all; FILE.py:CLASS takes one of your own."),
        (
            ("LIF", "--set", "tau=1"),
            "--set tau=1: LIF has no parameter 'tau'. Did you mean tau_mem? It has: tau_mem, r,",
        ),
        (("LIF", "--set", "tau_mem"), "--set tau_mem: expected NAME=VALUE, such as --set tau_mem=1."),
        (
            ("LIF", "--set", "tau_mem=20mV"),
            "--set tau_mem: '20mV' is of dimension voltage, expected time. Write for example 10ms.",
        ),
        (("LIF", "--set", "tau_mem=20mz"), "--set tau_mem: no unit 'mz' in 'mz'. Did you mean m"),
        (("LIF", "--set", "tau_mem=-1ms"), "LIF: tau_mem must be > 0, got -0.001."),
        (("AdEx", "--current", "10mV"), "--current: '10mV' is of dimension voltage, expected current."),
        (("LIF", "--time", "0"), "--time 0: must last one step of 1 ms or more. Write --time 0.5."),
        (("LIF", "--dt", "soon"), "--dt: 'soon' is no quantity."),
        (
            ("LIF", "--pattern", "chattering"),
            "--pattern chattering: LIF has no patterns. Izhikevich has; or use --set.",
        ),
        (
            ("Izhikevich", "--pattern", "chatter"),
            "Izhikevich.pattern: no pattern 'chatter'. Choose one of 'tonic spiking'",
        ),
        (
            ("LIF", "--plot", "picture.bmp"),
            "--plot picture.bmp: must end in .png, .pdf, .svg. Write --plot picture.png.",
        ),
        (
            ("nowhere.py:Mine",),
            "nowhere.py: there is no such file. Give the path of a Python file, as in ./my_model.py:MyNeuron.",
        ),
    ],
)
def test_what_is_typed_wrongly_is_said(ranvier, words, message):
    assert message in problem(ranvier("neuron", *words))


def test_a_file_without_the_model_is_said(ranvier, own, tmp_path):
    assert f"{own}: which model? It holds Leaky, Undescribed. Write {own}:Leaky." in problem(ranvier("neuron", own))
    assert "there is no class 'Leakey'. Did you mean Leaky? It holds Leaky, Undescribed." in problem(
        ranvier("neuron", f"{own}:Leakey")
    )
    assert "NUMBER is no Neuron. It holds Leaky, Undescribed." in problem(ranvier("neuron", f"{own}:NUMBER"))
    empty = tmp_path / "empty.py"
    empty.write_text("")
    assert "It holds no model: write class MyNeuron(rv.Neuron)." in problem(ranvier("neuron", f"{empty}:A"))


def test_a_file_that_fails_is_said(ranvier, tmp_path):
    file = tmp_path / "broken.py"
    file.write_text("import ranvier as rv\nrv.LIFF\n")
    assert "cannot be run, AttributeError: module 'ranvier' has no attribute 'LIFF'. Mend the file first." in problem(
        ranvier("neuron", f"{file}:A")
    )
    file.write_text(OWN.replace("from neighbour_of_the_model import LEAST", "LEAST = 0").replace("/ self.tau_mem", ""))
    assert "broken.py: Leaky.dynamics: d(v)/dt has dimension voltage, expected voltage/time" in problem(
        ranvier("neuron", f"{file}:Leaky")
    )


def test_help_teaches_with_two_examples(ranvier):
    answer = ranvier("neuron", "--help")
    text = " ".join(answer.out.replace("│", " ").split())
    assert answer.status == 0 and text.count("ranvier neuron ") >= 3
    assert "ranvier neuron Izhikevich --pattern chattering --current 10" in text and "./my_model.py:MyNeuron" in text


def test_a_long_table_goes_to_a_terminal_in_its_width(ranvier, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(neuron_facts, "WIDE", None)
    assert max(len(row.rstrip()) for row in ranvier("neuron", "list").out.splitlines()) <= 100

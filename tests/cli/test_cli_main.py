import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

import ranvier
from ranvier.cli import main as module
from ranvier.errors import RanvierError


def python(code: str, environment: dict[str, str]) -> str:
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("words", [(), ("--help",), ("-h",)])
def test_help_names_every_verb_and_where_to_start(ranvier, words):
    answer = ranvier(*words)
    assert (answer.status, answer.err) == (0, "")
    for verb in ("train", "predict", "listen", "evaluate", "report", "neuron", "doctor"):
        assert f"\n  {verb} " in answer.out
    assert "ranvier train spoken-digits" in answer.out and "ranvier train FOLDER" in answer.out


@pytest.mark.parametrize("verb", ["train", "predict", "listen", "evaluate", "report", "neuron", "doctor"])
def test_every_verb_explains_itself(ranvier, verb):
    answer = ranvier(verb, "--help")
    assert answer.status == 0 and f"Usage: ranvier {verb}" in answer.out


def test_train_has_the_options_that_one_expects(ranvier):
    out = ranvier("train", "--help").out
    for option in "--resume --data --split --epochs --neuron --hidden --steps --seed --threads --out --strict".split():
        assert option in out


def test_version(ranvier):
    assert ranvier("--version").out.split() == ["ranvier", sys.modules["ranvier"].__version__]


@pytest.mark.parametrize(("typed", "meant"), [("trian", "train"), ("raport", "report"), ("evalute", "evaluate")])
def test_an_unknown_verb_suggests_the_nearest(ranvier, typed, meant):
    answer = ranvier(typed, "x")
    text = " ".join(answer.err.replace("│", " ").split())
    assert answer.status == 2 and f"no verb '{typed}'. Did you mean `ranvier {meant}`? Known: train, predict," in text


def test_a_verb_like_no_other_lists_what_there_is(ranvier):
    answer = ranvier("xyz")
    assert answer.status == 2 and "no verb 'xyz'. Known: train, predict, listen" in answer.err
    assert "Did you mean" not in answer.err


@pytest.mark.parametrize("error", [RanvierError("the text"), NotImplementedError("the text")])
def test_what_a_user_did_is_told_without_a_traceback(ranvier, monkeypatch, error):
    def fails(**_: object) -> None:
        raise error

    monkeypatch.setattr(module, "app", fails)
    answer = ranvier()
    assert (answer.status, answer.out, answer.err) == (1, "", "error: the text\n")


def test_a_closed_pipe_is_no_error(ranvier, monkeypatch):
    def closed(**_: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(module, "app", closed)
    answer = ranvier()
    assert (answer.status, answer.err) == (141, "")


def test_help_answers_at_once(environment):
    spent = []
    for _ in range(5):
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "ranvier", "--help"], env=environment, capture_output=True, text=True
        )
        spent.append(time.perf_counter() - started)
        assert done.returncode == 0 and "ranvier train spoken-digits" in done.stdout
    print(f"ranvier --help: {min(spent):.3f} s, best of {len(spent)}")
    assert min(spent) < 1.0


HEAVY = ("torch", "lightning", "torchmetrics", "matplotlib", "sklearn", "soundfile", "PIL", "numba", "sympy", "numpy")


@pytest.mark.parametrize("words", [("--help",), ("neuron", "--help")])
def test_help_loads_nothing_heavy(words, environment):
    loaded = (
        python(
            f"import sys\nfrom ranvier.cli.main import main\nsys.argv = ['ranvier', *{words}]\n"
            "try:\n    main()\nexcept SystemExit:\n    pass\nprint('loaded', *sys.modules)",
            environment,
        )
        .split("loaded ")[1]
        .split()
    )
    assert "ranvier.cli.main" in loaded and not set(HEAVY) & set(loaded)


def test_the_package_and_its_public_names_need_no_training_room(environment):
    loaded = python(
        "import sys, ranvier\nfirst = set(sys.modules)\nassert not first & {'torch', 'lightning'}, first\n"
        "ranvier.LIF, ranvier.Sequential, ranvier.ms, ranvier.FastSigmoid\nprint(*sys.modules)",
        environment,
    ).split()
    assert "torch" in loaded
    assert not {"lightning", "torchmetrics", "matplotlib", "sklearn", "soundfile", "PIL"} & set(loaded)


def test_the_package_can_be_run_as_a_module(environment):
    words = [sys.executable, "-m", "ranvier", "trian"]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2 and done.stdout == "" and "Did you mean `ranvier train`?" in done.stderr


def test_every_verb_has_a_module_with_an_app():
    for verb in module.VERBS:
        command = module.Verbs().get_command(SimpleNamespace(), verb)
        assert command.name == verb and command.help
    assert ranvier.__version__

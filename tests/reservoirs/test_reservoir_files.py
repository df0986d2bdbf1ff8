"""Every reservoir through a file and back; damaged and made-up files are refused."""

import json
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from sklearn.base import clone
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from ranvier import reservoirs
from ranvier.errors import BadFileError, RanvierError
from ranvier.reservoirs import (
    FORCE,
    NCP,
    NVAR,
    RLS,
    All,
    Bucket,
    Counts,
    Cycle,
    DeepEchoState,
    DeepLiquidState,
    EchoState,
    Equidistant,
    Given,
    IntrinsicPlasticity,
    Last,
    LiquidState,
    LiquidTimeConstant,
    Mean,
    NeuCube,
    Orthogonal,
    Rates,
    Reservoir,
    Ridge,
    RidgeClassifier,
    Several,
    Sparse,
    SpikingReadout,
    load,
    save,
    store,
)  # fmt: skip
from ranvier.units import ms

RANDOM = np.random.default_rng(3)
U = RANDOM.uniform(-1, 1, (60, 1))
NEXT = np.r_[U[1:, 0], 0.0]
LABELS = np.array(["few", "many"])[np.arange(8) % 2]
TRAINS = [(RANDOM.random((15, 2)) < (0.15, 0.6)[k % 2]).astype(float) for k in range(8)]
SIGNED = [train - np.roll(train, 3, 1) for train in TRAINS]
PLACES = RANDOM.random((12, 3))
SMALL: dict[str, Any] = {"dt": 0.5 * ms, "code": Counts(), "random_state": 1}

# A model, its X and its y: every kind of reservoir, of readout, of pooling and of code.
CASES: dict[str, tuple[Any, Any, Any]] = {
    "Bucket": (Bucket((5, 4), motors=[(2, 3)], readout=Ridge(1e-3)), U, NEXT),
    "EchoState": (EchoState(9, topology=Sparse(3), pooling=Equidistant(2), readout=RidgeClassifier(1.0)), TRAINS, LABELS),
    "EchoState with FORCE": (EchoState(7, topology=Cycle(), feedback=True, readout=FORCE()), U, NEXT),
    "EchoState with all states": (EchoState(4, topology=Given(np.eye(4)), pooling=All(), readout=SpikingReadout(epochs=1)), TRAINS, LABELS),
    "EchoState with neighbours": (EchoState(6, topology=Orthogonal(), readout=KNeighborsRegressor(2, weights="distance")), U, NEXT),
    "DeepEchoState": (DeepEchoState((5, 4), plasticity=IntrinsicPlasticity(), standardise=True, readout=RLS()), U, NEXT),
    "DeepLiquidState": (DeepLiquidState((3, 2, 2), layers=2, encoders=3, target_rate=None, **SMALL), TRAINS, LABELS),
    "LiquidState": (LiquidState((3, 2, 2), pooling=Mean(), **SMALL), TRAINS, LABELS),
    "LiquidState of a series": (LiquidState((3, 2, 2), **{**SMALL, "code": Rates()}, adaptation=1e-3, readout=Ridge(1.0)), U, NEXT),
    "LiquidTimeConstant": (LiquidTimeConstant(5, wiring=NCP.auto(6, 2), epochs=1, read_input=True), TRAINS, LABELS),
    "LiquidTimeConstant, closed form": (LiquidTimeConstant(5, cell="CfC", epochs=1, readout=Ridge(1.0)), U, NEXT),
    "NVAR": (NVAR(taps=3, readout=Ridge(1e-3)), U, NEXT),
    "NeuCube": (NeuCube((3, 3, 2), length=0.5, dt=0.5 * ms, code=Counts(signed=True)), SIGNED, LABELS),
    "NeuCube at places": (NeuCube(positions=PLACES, code=Counts(), pooling=Mean(), target_rate=None, readout=KNeighborsClassifier(1)), TRAINS, LABELS),
    "Several": (Several(EchoState(8), {"now": Ridge(1e-3), "now.coef_": RLS()}), U, {"now": U[:, 0], "now.coef_": NEXT}),
    "Several of sequences": (Several(LiquidState((3, 2, 2), pooling=Last(), **SMALL), {"many": RidgeClassifier(1.0), "sum": Ridge(1.0)}), TRAINS,
                             {"many": LABELS, "sum": np.array([train.sum() for train in TRAINS])}),
}  # fmt: skip
QUICK = ("Bucket", "EchoState with neighbours", "Several")
CHEAP = (*QUICK, "EchoState", "EchoState with FORCE", "EchoState with all states", "DeepEchoState", "NVAR")
CHANGED = (*CHEAP, "LiquidTimeConstant, closed form", "LiquidState", "DeepLiquidState", "NeuCube")


@cache
def fitted(name: str) -> tuple[Any, Any]:
    """The model of a case after its fit, and its X."""
    model, x, y = CASES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # liquids of a dozen neurons are silent or saturated
        found: Any = clone(model)
        return found.fit(x, y), x


def same(found: Any, expected: Any) -> bool:
    """Whether outputs are the same to the last bit."""
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(same(found[task], expected[task]) for task in expected)
    return np.array_equal(np.asarray(found), np.asarray(expected))


def test_every_reservoir_has_a_place_in_a_file() -> None:
    rooms = {getattr(reservoirs, name) for name in reservoirs.__all__}
    kinds = {kind for kind in rooms if isinstance(kind, type) and issubclass(kind, Reservoir)} - {Reservoir}
    assert kinds | {Several} == set(store.RESERVOIRS)
    assert {type(model) for model, _, _ in CASES.values()} == set(store.RESERVOIRS)


def comes_back(name: str, folder: Path) -> None:
    model, x = fitted(name)
    found = load(save(model, folder / "model.safetensors"))
    assert type(found) is type(model) and same(found.predict(x), model.predict(x))
    again = load(save(found, folder / "again.safetensors"))
    assert same(again.predict(x), model.predict(x)), "also after a second file"


@pytest.mark.parametrize("name", QUICK)
def test_what_is_read_back_predicts_the_same(name: str, tmp_path: Path) -> None:
    comes_back(name, tmp_path)


@pytest.mark.thorough
@pytest.mark.parametrize("name", [name for name in CASES if name not in QUICK])
def test_what_is_read_back_predicts_the_same_whatever_it_is(name: str, tmp_path: Path) -> None:
    comes_back(name, tmp_path)


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["NeuCube", "LiquidTimeConstant, closed form", "Several of sequences"])
def test_what_is_read_back_learns_again_the_same(name: str, tmp_path: Path) -> None:
    model, x = fitted(name)
    found, y = load(save(model, tmp_path / "a")), CASES[name][2]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        assert same(found.fit(x, y).predict(x), model.predict(x))


@pytest.mark.parametrize("name", CASES)
def test_models_without_a_fit_come_back(name: str, tmp_path: Path) -> None:
    model: Any = clone(CASES[name][0])
    assert str(load(save(model, tmp_path / "a")).get_params()) == str(model.get_params())


def test_what_no_file_can_hold_is_refused(tmp_path: Path) -> None:
    largest: Any = max
    for model, message in (
        (EchoState(5, pooling=lambda states: states[0]), "model.pooling is function, which cannot be written"),
        (EchoState(5, random_state=np.random.default_rng(0)), "model.random_state is Generator.*whole numbers as seeds"),
        (EchoState(5, readout=KNeighborsClassifier(metric=largest)), "model.readout.arguments.metric is builtin_function"),
        (Several(EchoState(5), {1: Ridge()}), "model.readouts is dict.*text as names"),  # pyright: ignore[reportArgumentType]
    ):  # fmt: skip
        with pytest.raises(RanvierError, match=message):
            save(model, tmp_path / "a")
    assert not (tmp_path / "a").exists()


class Opened:
    """A file taken apart: its header's JSON and its tensors, to be changed and written again."""

    def __init__(self, path: Path) -> None:
        self.path, self.tensors = path, safetensors.numpy.load(path.read_bytes())
        with safetensors.safe_open(path, "numpy") as file:
            self.header = file.metadata()
        self.described = json.loads(self.header["reservoir"])

    def write(self, described: Any = None, tensors: dict[str, np.ndarray] | None = None) -> None:
        text = json.dumps(self.described if described is None else described)
        kept = self.tensors if tensors is None else tensors
        self.path.write_bytes(safetensors.numpy.save(kept, {**self.header, "reservoir": text}))

    def without(self) -> list[Any]:
        """Descriptions from which one attribute or argument is missing."""
        found = []

        def visit(node: Any) -> None:
            if isinstance(node, dict):
                for name in list(node):
                    part = node.pop(name)
                    found.append(json.loads(json.dumps(self.described)))
                    node[name] = part
                    visit(part)
            elif isinstance(node, list):
                for part in node:
                    visit(part)

        visit(self.described)
        return found

    def replaced(self, value: Any) -> list[Any]:
        """Descriptions in which one number, text or truth value is another."""
        found = []

        def visit(node: Any) -> None:
            for key in list(node) if isinstance(node, dict) else range(len(node)):
                if isinstance(node[key], dict | list):
                    visit(node[key])
                else:
                    node[key], kept = value, node[key]
                    found.append(json.loads(json.dumps(self.described)))
                    node[key] = kept

        visit(self.described)
        return found


def refused_or_sound(path: Path, x: Any) -> bool:
    """Whether a file is refused; one that is not must predict, or say in an error of Python's what is wrong with the rows it is given."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = load(path)
        except BadFileError:
            return True
        try:
            found.predict(x)
        except (ValueError, AttributeError, TypeError, RuntimeError):
            return False
    return False


def changed(array: np.ndarray) -> list[np.ndarray]:
    """An array too short, too long, of another kind, and, of whole numbers, with places far outside."""
    found = [array[:-1], np.concatenate([array, array]), array.astype(np.float16), array[None]]
    return [*found, array + 10**6, array - 10**6] if array.dtype.kind == "i" else found


@pytest.mark.parametrize("name", QUICK)
def test_a_file_that_ends_too_early_is_refused(name: str, tmp_path: Path) -> None:
    cut_short(name, tmp_path)


@pytest.mark.thorough
@pytest.mark.parametrize("name", [name for name in CASES if name not in QUICK])
def test_a_file_that_ends_too_early_is_refused_whatever_it_holds(name: str, tmp_path: Path) -> None:
    cut_short(name, tmp_path)


def cut_short(name: str, folder: Path) -> None:
    path = save(fitted(name)[0], folder / "a")
    whole = path.read_bytes()
    for length in np.linspace(0, len(whole) - 1, 25).astype(int):
        path.write_bytes(whole[:length])
        with pytest.raises(BadFileError, match=r"no reservoir can be read from it \("):
            load(path)


@pytest.mark.thorough
@pytest.mark.parametrize("name", CHANGED)
def test_made_up_files_are_refused_or_harmless(name: str, tmp_path: Path) -> None:
    """Whatever a file says, the answer is a reservoir or an error, never a crash; most of what is changed is noticed."""
    model, x = fitted(name)
    file = Opened(save(model, tmp_path / "a"))
    described = [*file.without(), *(other for value in (None, "x", -1, 1e30) for other in file.replaced(value))]
    changes: list[dict[str, Any]] = [{"described": other} for other in described]
    for key, array in file.tensors.items():
        changes += [{"tensors": {**file.tensors, key: np.ascontiguousarray(other)}} for other in changed(array)]
    refused, tried = 0, np.random.default_rng(1).permutation(len(changes))[: 60 if name in CHEAP else 20]
    for k in tried:
        file.write(**changes[k])
        refused += refused_or_sound(file.path, x)
    assert refused > len(tried) / 4, f"{refused} of {len(tried)}"


@pytest.mark.thorough
@pytest.mark.parametrize("name", CHANGED)
def test_flipped_bytes_are_refused_or_harmless(name: str, tmp_path: Path) -> None:
    model, x = fitted(name)
    path = save(model, tmp_path / "a")
    whole, rng, refused = path.read_bytes(), np.random.default_rng(0), 0
    end = 8 + int.from_bytes(whole[:8], "little")
    for _ in range(40 if name in CHEAP else 15):
        damaged = bytearray(whole)
        damaged[int(rng.integers(end))] = int(rng.integers(32, 127))
        path.write_bytes(damaged)
        refused += refused_or_sound(path, x)
    assert refused >= 4


@pytest.mark.parametrize(
    ("tensor", "value", "message"),
    [
        ("model.places_", [[2, 400]], r"motors must be 1 places \(row, column\) in a surface of 5 x 4, one a feature, got \[\[2, 400\]\]"),
        ("model.readout_.coef_", [1.0, 2.0, 3.0], "readout|matmul"),
    ],
)  # fmt: skip
def test_parts_that_do_not_belong_together_are_refused(tensor: str, value: Any, message: str, tmp_path: Path) -> None:
    file = Opened(save(fitted("Bucket")[0], tmp_path / "a"))
    assert tensor in file.tensors
    file.write(tensors={**file.tensors, tensor: np.array(value)})
    with pytest.raises(BadFileError, match=message):
        load(file.path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda inside: inside.update(predict=1), "'predict' is no attribute of EchoState that a file sets"),
        (lambda inside: inside.update({"a b": 1}), "'a b' is no attribute of EchoState that a file sets"),
        (lambda inside: inside.pop("readout_"), "readout_"),
        (lambda inside: inside.update(units=4), "a step has|do not fit weights"),
        (lambda inside: inside.update(washout=-1), "washout must be at least 0"),
        (lambda inside: inside["readout_"]["is"].update(n_features_in_=12), "readout reads rows of 12 numbers, the states make 6"),
        (lambda inside: inside["weights_"]["is"].update(linear="yes"), "linear must be True or False, got 'yes'"),
    ],
)  # fmt: skip
def test_attributes_that_cannot_be_are_refused(change: Callable[[dict], Any], message: str, tmp_path: Path) -> None:
    file = Opened(save(EchoState(6, readout=Ridge(1.0)).fit(U, NEXT), tmp_path / "a"))
    change(file.described["is"])
    file.write()
    with pytest.raises(BadFileError, match=message):
        load(file.path)


def test_what_is_no_reservoir_among_several_is_refused(tmp_path: Path) -> None:
    file = Opened(save(fitted("Several")[0], tmp_path / "a"))
    file.described["is"]["reservoir_"] = file.described["is"]["readouts_"]["dict"]["now"]
    file.write()
    with pytest.raises(BadFileError, match="Ridge in place of a reservoir"):
        load(file.path)


def test_a_readout_of_a_file_does_not_learn_out_of_bounds(tmp_path: Path) -> None:
    file = Opened(save(EchoState(6, readout=RLS()).fit(U, NEXT), tmp_path / "a"))
    file.write(tensors={**file.tensors, "model.readout_.inverse_": np.eye(2)})
    found = load(file.path)
    with pytest.raises(ValueError, match=r"weights \(7, 1\) and inverse \(2, 2\) are not those of rows of 7"):
        found.readout_.partial_fit(found.rows(U), NEXT)

"""Reservoirs on disk."""

import json
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from sklearn.linear_model import LinearRegression

from ranvier.errors import BadFileError, RanvierError
from ranvier.reservoirs import (
    NVAR,
    RLS,
    Cycle,
    DeepEchoState,
    EchoState,
    Equidistant,
    Given,
    IntrinsicPlasticity,
    Ridge,
    RidgeClassifier,
    load,
    save,
    store,
)  # fmt: skip

U = np.random.default_rng(0).uniform(-1, 1, (80, 1))
NEXT = np.r_[U[1:, 0], 0.0]


@pytest.mark.parametrize(
    "model",
    [
        EchoState(12, topology=Cycle(), plasticity=IntrinsicPlasticity(), leak=np.full(12, 0.5), readout=Ridge((1e-3, 1.0))),
        EchoState(3, topology=Given(np.eye(3)), input_scaling=[0.5], readout=RLS(), feedback=True),
        DeepEchoState((5, 4), readout=Ridge(1e-3), standardise=True, random_state=np.int64(3)),
        NVAR(taps=2, readout=Ridge(1e-3)),
    ],
)  # fmt: skip
def test_what_is_read_back_predicts_the_same_bits(model: object, tmp_path: Path) -> None:
    model.fit(U, NEXT)
    found = load(save(model, tmp_path / "model.safetensors"))
    assert type(found) is type(model) and np.array_equal(found.predict(U), model.predict(U))
    assert str(found.get_params()["readout"]) == str(model.get_params()["readout"])
    assert np.array_equal(found.fit(U, NEXT).predict(U), model.predict(U)), "and learns again the same"


def test_labels_and_models_without_a_fit(tmp_path: Path) -> None:
    x = [np.full((4, 1), k % 2 - 0.5) for k in range(8)]
    model = EchoState(5, pooling=Equidistant(2), readout=RidgeClassifier(1.0))
    assert load(save(model, tmp_path / "a")).units == 5
    model.fit(x, np.array(["low", "high"] * 4, object))
    assert load(save(model, tmp_path / "b")).predict(x).tolist() == ["low", "high"] * 4


def test_a_readout_from_a_file_refuses_rows_beside_those_that_it_forgot(tmp_path: Path) -> None:
    model = EchoState(10, readout=Ridge(1e-6)).fit(U, NEXT)
    states, before = model.states(U), model.predict(U)
    found = load(save(model, tmp_path / "a"))
    with pytest.raises(ValueError, match=r"Ridge: a readout from a file .* all rows, or use RLS\(\)"):
        found.readout_.partial_fit(states[:5], NEXT[:5])
    assert np.array_equal(found.predict(U), before)
    found.readout_.fit(states, NEXT).partial_fit(states[:5], NEXT[:5])
    model.readout_.partial_fit(states[:5], NEXT[:5])
    assert found.readout_.coef_ == pytest.approx(model.readout_.coef_, rel=1e-6)


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        RanvierError, match="model.readout is LinearRegression, which cannot be written as numbers and text"
    ):
        save(EchoState(5, readout=LinearRegression()), tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_what_is_no_such_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with pytest.raises(BadFileError, match="no reservoir can be read from it"):
        load(path)
    path.write_bytes(b"hello, this is text")
    with pytest.raises(BadFileError, match="no reservoir can be read from it"):
        load(path)
    path.write_bytes(safetensors.numpy.save({"a": np.zeros(2)}, {"format": "7"}))
    with pytest.raises(BadFileError, match="format 7, expected 1"):
        load(path)
    path.write_bytes(
        safetensors.numpy.save(
            {"a": np.zeros(2)}, {"format": "1", "reservoir": json.dumps({"kind": "Cycle", "is": {}})}
        )
    )
    with pytest.raises(BadFileError, match="it holds Cycle"):
        load(path)


def test_links_that_lead_outside_are_refused(tmp_path: Path) -> None:
    path = save(EchoState(5, readout=Ridge(1.0)).fit(U, NEXT), tmp_path / "a")
    tensors = safetensors.numpy.load(path.read_bytes())
    with safetensors.safe_open(path, "numpy") as file:
        header = file.metadata()
    tensors["model.weights_.source"] = tensors["model.weights_.source"] + np.int32(1_000_000)
    path.write_bytes(safetensors.numpy.save(tensors, header))
    with pytest.raises(BadFileError, match=r"source must lie in 0\.\.4"):
        load(path)
    assert store.FORMAT == 1

import json

import h5py
import nir
import numpy as np
import pytest

NODES = {
    "input": {"type": "Input", "shape": [1]}, "0_LinearTorch": {"type": "Linear", "weight": [[0.04]]},
    "1_LIFNeuronTorch": {"type": "LIF", "tau": [0.0025], "r": [24.0], "v_leak": [0.0], "v_threshold": [0.1]},
    "output": {"type": "Output", "shape": [1, 1, 1]},
}  # fmt: skip


@pytest.fixture
def file(tmp_path):
    """As Rockpool writes it, with two axes of the Output that nothing else has: nir 1.0.8 refuses it."""
    path = tmp_path / "lif_rockpool.nir"
    with h5py.File(path, "w") as written:
        written["version"], written["node/type"] = "0.2.0", "NIRGraph"
        for name, values in NODES.items():
            for key, value in values.items():
                whole = isinstance(value, str) or key == "shape"
                written[f"node/nodes/{name}/{key}"] = value if whole else np.array(value, np.float32)
        names = list(NODES)
        edges = list(zip(names, names[1:], strict=False))
        written.create_dataset("node/edges", data=edges, dtype=h5py.string_dtype())
    return path


def test_an_old_file_is_shown_and_mended(ranvier, file, tmp_path):
    out = tmp_path / "mended.nir"
    answer = ranvier("import", file, "--dt", "0.0001", "--convention", "snntorch", "--out", out)
    note = "the output's shape (1, 1, 1) is read as (1,)"
    assert answer.out.splitlines() == [
        "input (1,), dt 0.0001 s, 1 weights",
        "  0_LinearTorch     Linear(1, 1, bias=False)",
        "  1_LIFNeuronTorch  LIF(tau_mem=0.0025, r=24, v_leak=0, v_threshold=0.1, v_reset=0, dt=0.0001)",
        f"note: {note}",
        f"written: {out}",
    ]
    assert answer.status == 0 and answer.err == f"warning: {file}: {note}\n"
    with pytest.raises(ValueError, match="."):
        nir.read(file)
    assert set(nir.read(out).nodes) == {"input", "output", "0_LinearTorch", "1_LIFNeuronTorch"}
    told = json.loads(ranvier("import", out, "--json").out)
    assert (told["dt"], told["input"], told["weights"], told["notes"]) == (1e-4, [1], 1, [])
    assert told["layers"][0] == {"nodes": ["0_LinearTorch"], "layer": "Linear(1, 1, bias=False)"}


def test_refusals(ranvier, file):
    answer = ranvier("import", file, "--convention", "nest")
    assert answer.status == 1 and "--convention nest: unknown. Choose one of euler, exact, norse" in answer.err
    answer = ranvier("import", file, "--out", file)
    assert answer.status == 1 and "is there already" in answer.err
    answer = ranvier("import", file, "--dt", "-1")
    assert answer.status == 1 and "dt must be a positive number of seconds" in answer.err
    answer = ranvier("import", __file__)
    assert answer.status == 1 and "cannot be opened as HDF5" in answer.err

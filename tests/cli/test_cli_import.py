import json
from pathlib import Path

import nir

FILES = Path(__file__).parents[1] / "interchange" / "files"


def test_an_old_file_is_shown_and_mended(ranvier, tmp_path):
    out = tmp_path / "mended.nir"
    answer = ranvier("import", FILES / "lif_rockpool.nir", "--dt", "0.0001", "--convention", "snntorch", "--out", out)
    note = "the output's shape (1, 1, 1) is read as (1,)"
    assert answer.out.splitlines() == [
        "input (1,), dt 0.0001 s, 1 weights",
        "  0_LinearTorch     Linear(1, 1, bias=False)",
        "  1_LIFNeuronTorch  LIF(tau_mem=0.0025, r=24.0197, v_leak=0, v_threshold=0.1, v_reset=0, dt=0.0001)",
        f"note: {note}",
        f"written: {out}",
    ]
    assert answer.status == 0 and answer.err == f"warning: {FILES / 'lif_rockpool.nir'}: {note}\n"
    assert set(nir.read(out).nodes) == {"input", "output", "0_LinearTorch", "1_LIFNeuronTorch"}  # refused the old one
    told = json.loads(ranvier("import", out, "--json").out)
    assert (told["dt"], told["input"], told["weights"], told["notes"]) == (1e-4, [1], 1, [])
    assert told["layers"][0] == {"nodes": ["0_LinearTorch"], "layer": "Linear(1, 1, bias=False)"}


def test_refusals(ranvier, tmp_path):
    file = FILES / "lif_norse.nir"
    answer = ranvier("import", file, "--convention", "nest")
    assert answer.status == 1 and "--convention nest: unknown. Choose one of euler, exact, norse" in answer.err
    answer = ranvier("import", file, "--out", file)
    assert answer.status == 1 and "is there already" in answer.err
    answer = ranvier("import", file, "--dt", "-1")
    assert answer.status == 1 and "dt must be a positive number of seconds" in answer.err
    answer = ranvier("import", __file__)
    assert answer.status == 1 and "cannot be opened as HDF5" in answer.err

"""Tables of events: what is written reads back, and what is damaged is refused with the place."""

import io
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ranvier as rv
from ranvier.errors import BadFileError, RanvierError
from ranvier.interchange import load_events, load_spikes, save_events
from ranvier.interchange.tables import FORMATS


def events(rate: float = 0.2) -> rv.Events:
    return rv.Events.from_dense((torch.rand(30, 3, 2, 4, generator=torch.Generator().manual_seed(0)) < rate).float())


@pytest.fixture(scope="module")
def run() -> rv.simulation.Run:
    net = rv.Network(dt=1e-3)
    net.add(3, rv.SpikeSource([0.0105, 0.0205, 0.0301], [0, 2, 2]), "source, the first")
    net.add(2, rv.SpikeSource([]), "silent")
    net.add(2, rv.SpikeSource([0.0005, 0.039], [1, 0]), "late")
    return net.run(0.04)


@pytest.mark.parametrize("suffix", FORMATS)
def test_events_come_back(tmp_path: Path, suffix: str) -> None:
    path, spikes = tmp_path / f"events{suffix}", events()
    assert save_events(spikes, path, dt=1e-3) == path
    shape = spikes.shape if suffix == ".csv" else None
    assert load_events(path, shape=shape) == spikes == load_events(path, shape=(30, 3, 2, 4))
    silent = events(0.0)
    save_events(silent, path, force=True)
    assert load_events(path, shape=shape) == silent


@pytest.mark.parametrize("suffix", FORMATS)
def test_runs_come_back(tmp_path: Path, suffix: str, run: rv.simulation.Run) -> None:
    path = save_events(run, tmp_path / f"run{suffix}")
    found = load_spikes(path)
    known = ["source, the first", "late"] if suffix == ".csv" else ["source, the first", "silent", "late"]
    assert sorted(found) == sorted(known)
    for p in run.populations:
        times, neurons = run.spikes(p)
        if p.name in found:
            assert found[p.name][0].tolist() == times.tolist() and found[p.name][1].tolist() == neurons.tolist()
    again = rv.Network(dt=1e-3)
    source = again.add(3, rv.SpikeSource(*found["source, the first"]), "source")
    assert again.run(0.04).counts(source).tolist() == [1, 0, 2]


def test_a_csv_file_has_names_and_rows_alone(tmp_path: Path, run: rv.simulation.Run) -> None:
    text = save_events(run, tmp_path / "run.csv").read_text()
    first, second = text.splitlines()[:2]
    assert first == "time,population,neuron" and second == "0.001,late,1"
    assert '"source, the first"' in text
    assert save_events(events(), tmp_path / "e.csv", dt=0.002).read_text().startswith("step,sample,neuron,time\n0,0,")


def test_nothing_is_written_over(tmp_path: Path, run: rv.simulation.Run) -> None:
    path = save_events(run, tmp_path / "run.csv")
    with pytest.raises(RanvierError, match=r"run.csv: is there already. Give another name, or --force \(force=True\)"):
        save_events(run, path)
    with pytest.raises(
        RanvierError, match=r"run.txt: expected a name that ends in .csv, .npz, .parquet. Write run.csv"
    ):
        save_events(run, tmp_path / "run.txt")
    with pytest.raises(TypeError, match="expected Events or a Run, got Tensor"):
        save_events(torch.zeros(3), tmp_path / "x.csv")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="dt must be a positive number of seconds, got 0"):
        save_events(events(), tmp_path / "x.csv", dt=0)


@pytest.mark.parametrize("name", ("pyarrow", "pyarrow.parquet"))
def test_without_pyarrow_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(RanvierError, match=r"pip install 'ranvier\[parquet\]', or write .csv or .npz"):
        save_events(events(), tmp_path / "e.parquet")


CSV = {
    "step,sample,neuron\n0,0,x\n": r"line 2: invalid literal for int\(\) with base 10: 'x'",
    "step,sample,neuron\n0,0,1\n0,0\n": "line 3: it has 2 values, the first line 3",
    "step,sample\n0,0\n": "has no column neuron, but step, sample",
    "step,step,neuron\n0,0,0\n": "must name each column once, got step, step, neuron",
    "": "must name each column once, got nothing",
    "step,sample,neuron\n0,3,0\n": r"row 1: sample is 3, of shape \(4, 3, 5\) it must lie in 0 to 2",
    "step,sample,neuron\n0,0,0\n-1,0,0\n": r"row 2: step is -1",
    f"step,sample,neuron\n0,0,{2**62}\n": "neuron must hold whole numbers below 2",
    f"step,sample,neuron\n0,0,{10**30}\n": "line 2: Python int too large",
}


@pytest.mark.parametrize("text", CSV)
def test_a_damaged_csv_file_is_refused_with_the_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "e.csv").write_text(text)
    with pytest.raises(BadFileError, match=CSV[text]):
        load_events(tmp_path / "e.csv", shape=(4, 3, 5))


def test_what_is_no_table_is_refused(tmp_path: Path, run: rv.simulation.Run) -> None:
    with pytest.raises(BadFileError, match="e.csv: no such file"):
        load_events(tmp_path / "e.csv")
    (tmp_path / "e.csv").write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(BadFileError, match="e.csv: is no text"):
        load_events(tmp_path / "e.csv")
    for suffix in (".npz", ".parquet"):
        (tmp_path / f"e{suffix}").write_bytes(b"PK\x03\x04" + bytes(40))
        with pytest.raises(BadFileError, match="damaged"):
            load_events(tmp_path / f"e{suffix}")
    with pytest.raises(RanvierError, match=r"does not tell its shape. Write load_events\(path, shape=\(T, B, N\)\)"):
        load_events(save_events(events(), tmp_path / "e.csv", force=True))
    with pytest.raises(BadFileError, match=r"shape must be .* and is \[30, 3, 2, 4\] in the file, got \[30, 3, 8\]"):
        load_events(save_events(events(), tmp_path / "e.npz", force=True), shape=(30, 3, 8))
    with pytest.raises(BadFileError, match="has no column step, but time, population, neuron"):
        load_events(save_events(run, tmp_path / "r.npz"))
    with pytest.raises(BadFileError, match="e.csv: has .* bytes, more than 10"):
        load_events(tmp_path / "e.csv", shape=(30, 3, 8), largest=10)
    with pytest.raises(BadFileError, match="e.npz: unpacks to .* bytes, more than 10"):
        load_events(tmp_path / "e.npz", largest=10)
    with pytest.raises(BadFileError, match="e.parquet: holds .* rows of 3 columns: it takes more than 10 bytes"):
        load_events(save_events(events(), tmp_path / "e.parquet", force=True), largest=10)


ARRAYS: dict[str, tuple[dict[str, Any], str]] = {
    "shapes": ({"step": np.zeros(2, int), "sample": np.zeros(3, int), "neuron": np.zeros(2, int)}, "expected columns of one length, got step"),
    "axes": ({"step": np.zeros((2, 2), int)}, r"expected columns of one length, got step \(2, 2\)"),
    "real": ({"step": np.zeros(2), "sample": np.zeros(2, int), "neuron": np.zeros(2, int)}, "step must hold whole numbers below 2.62, got float64"),
    "note": ({"note": np.array("[1]")}, "its note is no dictionary"),
    "deep": ({"note": np.array("[" * 100000)}, "damaged"),
    "shape": ({**{k: np.zeros(1, int) for k in ("step", "sample", "neuron")}, "note": np.array('{"shape": [3, 0, "x"]}')}, r"shape must be \(T, B, \*N\)"),
    "huge": ({**{k: np.zeros(1, int) for k in ("step", "sample", "neuron")}, "note": np.array('{"shape": [4000000000, 3, 5]}')}, "takes more than"),
    "object": ({"step": np.array([None])}, "no .npz archive of plain arrays"),
}  # fmt: skip


@pytest.mark.parametrize("name", ARRAYS)
def test_archives_of_other_content_are_refused(tmp_path: Path, name: str) -> None:
    columns, message = ARRAYS[name]
    np.savez(tmp_path / "e.npz", allow_pickle=True, **columns)
    with pytest.raises(BadFileError, match=message):
        load_events(tmp_path / "e.npz")


def test_a_header_that_claims_too_much_is_refused(tmp_path: Path) -> None:
    """The archive is small; the array in it says that it has 2^50 numbers."""
    header = repr({"descr": "<i8", "fortran_order": False, "shape": (2**50,)}).encode().ljust(117) + b"\n"
    with zipfile.ZipFile(tmp_path / "e.npz", "w") as archive:
        archive.writestr("step.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    with pytest.raises(BadFileError, match="no .npz archive of plain arrays, or a damaged one"):
        load_events(tmp_path / "e.npz")


def test_times_that_are_none_are_refused(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("time,population,neuron\nnan,a,0\n")
    with pytest.raises(BadFileError, match="time must hold finite numbers of seconds"):
        load_spikes(tmp_path / "r.csv")


def test_parquet_of_other_content_is_refused(tmp_path: Path) -> None:
    from ranvier.interchange.tables import parquet

    path = tmp_path / "e.parquet"
    path.write_bytes(parquet.write({"step": np.array([True])}, {}))
    with pytest.raises(BadFileError, match="column step holds bool; expected numbers or text"):
        load_events(path)
    path.write_bytes(parquet.write({"step": np.array([1])}, []))  # pyright: ignore[reportArgumentType]
    with pytest.raises(BadFileError, match="its note has values that are missing"):
        load_events(path)


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    suffix=st.sampled_from(sorted(FORMATS)),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=16),
    length=st.one_of(st.just(1.0), st.floats(0, 1)),
)
def test_mutated_tables_are_read_or_refused(tmp_path: Path, suffix: str, changes: Any, length: float) -> None:
    path = tmp_path / f"mutated{suffix}"
    content = bytearray(
        FORMATS[suffix].write(
            {"step": np.arange(9), "sample": np.arange(9) % 2, "neuron": np.arange(9)}, {"shape": [9, 2, 9]}
        )
    )
    for place, value in changes:
        content[int(place * (len(content) - 1))] = value
    path.write_bytes(bytes(content[: int(length * len(content))]))
    try:
        found = load_events(path, shape=(9, 2, 9), largest=2**24)
    except BadFileError as error:
        assert str(path) in str(error)
    else:
        assert found.shape == (9, 2, 9)


def test_notes_are_json(tmp_path: Path, run: rv.simulation.Run) -> None:
    save_events(run, tmp_path / "run.npz")
    with np.load(io.BytesIO((tmp_path / "run.npz").read_bytes())) as archive:
        note = json.loads(str(archive["note"]))
    assert note == {
        "populations": ["source, the first", "silent", "late"],
        "sizes": [3, 2, 2],
        "dt": 1e-3,
        "begin": 0.0,
        "end": 0.04,
    }

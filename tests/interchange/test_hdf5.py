"""Untrusted HDF5: whatever the bytes are, a file is read or refused, in bounded time and memory."""

import re
import resource
import subprocess
import time

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ranvier.errors import BadFileError
from ranvier.interchange import hdf5, hdf5_reader, load_nir


def refused(path, largest: int = 2**28) -> str:
    with pytest.raises(hdf5_reader.Refused, match=".") as caught:
        hdf5_reader.read(path, largest)
    return str(caught.value)


@pytest.fixture
def made(tmp_path):
    """A file filled by a function."""

    def make(fill):
        with h5py.File(tmp_path / "file.h5", "w") as file:
            fill(file)
        return tmp_path / "file.h5"

    return make


def test_a_process_of_its_own_gives_what_is_there(made) -> None:
    def fill(file):
        file["g/numbers"] = np.arange(6, dtype=np.float32).reshape(2, 3)
        file["g/flag"] = True
        file.create_dataset("texts", data=[["a", "ä"]], dtype=h5py.string_dtype())
        file["fixed"] = np.array([b"dense"])

    tree = hdf5.read_tree(made(fill))
    assert tree["texts"] == [["a", "ä"]] and tree["fixed"] == ["dense"] and bool(tree["g"]["flag"])
    assert tree["g"]["numbers"].dtype == np.float32 and tree["g"]["numbers"].tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.parametrize("content", [b"", b"not HDF5", b"\x89HDF\r\n\x1a\n" + bytes(100)])
def test_other_bytes_are_refused(tmp_path, content) -> None:
    (tmp_path / "x.nir").write_bytes(content)
    assert "cannot be opened as HDF5" in refused(tmp_path / "x.nir")


def test_what_the_reader_refuses_names_the_file(tmp_path) -> None:
    with pytest.raises(BadFileError, match="nothing.nir: no such file"):
        load_nir(tmp_path / "nothing.nir")
    (tmp_path / "x.nir").write_bytes(bytes(100))
    with pytest.raises(BadFileError, match="x.nir: has 100 bytes, more than 50. Give largest=100"):
        load_nir(tmp_path / "x.nir", largest=50)
    with pytest.raises(BadFileError, match="x.nir: cannot be opened as HDF5"):
        load_nir(tmp_path / "x.nir")


def _deep(file):
    for _ in range(20):
        file = file.create_group("g")


def _pointing(file):
    file.create_dataset("a", (200,), dtype=h5py.string_dtype(), data=["x" * 1000] * 200)


HOSTILE = {
    "huge": (lambda f: f.create_dataset("a", (2**20, 2**20), "f8", chunks=(64, 64)), "/a: has shape (1048576, 1048576): with it the file takes more than"),
    "large chunk": (lambda f: f.create_dataset("a", (1,), "f8", chunks=(2**26,), maxshape=(None,)), "/a: has shape (1,)"),
    "deep": (_deep, "groups are nested more than 16 deep"),
    "soft link": (lambda f: f.__setitem__("a", h5py.SoftLink("/b")), "/a: is a link to another place or file"),
    "external link": (lambda f: f.__setitem__("a", h5py.ExternalLink("/etc/passwd", "/")), "/a: is a link to another place or file"),
    "external bytes": (lambda f: f.create_dataset("a", (10,), "u1", external=[("/etc/passwd", 0, 10)]), "/a: keeps its numbers in another file"),
    "virtual": (lambda f: f.create_virtual_dataset("a", h5py.VirtualLayout((2,), "f8")), "/a: keeps its numbers in another file"),
    "empty": (lambda f: f.__setitem__("a", h5py.Empty("f8")), "/a: is empty; expected numbers or text"),
    "compound": (lambda f: f.create_dataset("a", (2,), np.dtype([("x", "f8")])), "expected numbers or text"),
    "reference": (lambda f: f.create_dataset("a", data=f.ref, dtype=h5py.ref_dtype), "holds object; expected numbers or text"),
    "named type": (lambda f: f.__setitem__("a", np.dtype("f8")), "is Datatype; expected a group or a data set"),
    "filter": (lambda f: f.create_dataset("a", (64,), "i4", scaleoffset=4), "/a: is packed with filter 6; expected gzip, lzf or none"),
    "own parent": (lambda f: f.create_group("g").__setitem__("g", f["g"]), "groups are nested more than 16 deep"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_with_the_place(made, name) -> None:
    fill, text = HOSTILE[name]
    assert text in refused(made(fill))


def test_many_things_are_refused(made, monkeypatch) -> None:
    monkeypatch.setattr(hdf5_reader, "MOST_ITEMS", 3)
    assert "the file holds more than 3 groups and data sets" in refused(
        made(lambda f: [f.create_group(str(k)) for k in range(5)])
    )
    monkeypatch.setattr(hdf5_reader, "LONGEST", 1000)
    assert "texts or 1000 characters" in refused(made(_pointing))


def test_numbers_of_all_data_sets_count_together(made) -> None:
    path = made(lambda f: [f.create_dataset(str(k), data=np.zeros(100)) for k in range(4)])
    assert "/3: has shape (100,): with it the file takes more than 3000 bytes" in refused(path, 3000)
    assert set(hdf5_reader.read(path, 3200)) == {"0", "1", "2", "3"}


def test_a_file_that_never_ends_is_given_up(made, monkeypatch) -> None:
    def never(*_args, **_options):
        raise subprocess.TimeoutExpired("python", 1)

    monkeypatch.setattr(subprocess, "run", never)
    with pytest.raises(BadFileError, match="HDF5 did not come to its end within 30 s: it is damaged"):
        hdf5.read_tree(made(lambda f: None))


@pytest.mark.parametrize(("errors", "told"), [(b"Traceback\nMemoryError: x\n", "MemoryError: x"), (b"", "status -11")])
def test_a_file_that_breaks_the_reader_is_refused(made, monkeypatch, errors, told) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *a, **o: subprocess.CompletedProcess(a, -11, b"", errors))
    with pytest.raises(BadFileError, match=re.escape(f"opening it broke off ({told}): it is damaged")):
        hdf5.read_tree(made(lambda f: None))


def test_the_reading_process_has_its_own_limits(made, capfdbinary, monkeypatch) -> None:
    asked = []
    monkeypatch.setattr(resource, "setrlimit", lambda kind, limits: asked.append((kind, limits[0])))
    hdf5_reader.main(str(made(lambda f: f.create_dataset("a", data=[1.0]))), 1000, 7)
    assert asked == [(resource.RLIMIT_AS, 4000 + 2**31), (resource.RLIMIT_CPU, 7)]
    hdf5_reader.main(__file__, 1000, 7)
    first, second = capfdbinary.readouterr().out.split(b"\n", 1)
    assert first == b'{"tree": {"a": {"": ["<f8", [1], 8]}}}' and second.startswith(
        np.float64(1).tobytes() + b'{"refused": "cannot'
    )


def mutate(content: bytes, changes: list[tuple[float, int]], length: float) -> bytes:
    """Bytes overwritten at shares of the file, and the file cut off at a share of it."""
    mutated = bytearray(content)
    for place, value in changes:
        mutated[int(place * (len(mutated) - 1))] = value
    return bytes(mutated[: int(length * len(mutated))])


CHANGES = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), max_size=32)
LENGTH = st.one_of(st.just(1.0), st.floats(0, 1))


def fuzz(files, folder, changes, length) -> None:
    path = folder / "mutated.nir"
    path.write_bytes(mutate((files / "lif_norse.nir").read_bytes(), changes, length))
    started = time.monotonic()
    try:
        net = load_nir(path, dt=1e-4, backend="eager")
    except BadFileError as error:
        assert str(path) in str(error)
    else:
        assert len(net) >= 1
    assert time.monotonic() - started < 60


@settings(max_examples=1, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=CHANGES, length=LENGTH)
def test_mutated_files_are_read_or_refused(files, tmp_path, monkeypatch, changes, length) -> None:
    monkeypatch.setattr(hdf5, "SECONDS", 5)
    fuzz(files, tmp_path, changes, length)


@pytest.mark.thorough
@pytest.mark.filterwarnings("ignore::UserWarning")
@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=CHANGES, length=LENGTH)
def test_more_mutated_files_are_read_or_refused(files, tmp_path, monkeypatch, changes, length) -> None:
    monkeypatch.setattr(hdf5, "SECONDS", 5)
    fuzz(files, tmp_path, changes, length)


def leaves(tree, path=()):
    for key, value in tree.items():
        yield (*path, key)
        if isinstance(value, dict):
            yield from leaves(value, (*path, key))


VALUES = st.one_of(
    st.sampled_from(["", "LIF", "Conv2d", "NIRGraph", "Input", [], {}, [["input", "0"]], [["1", "1"]], 3]),
    st.lists(st.integers(0, 3), max_size=3).flatmap(
        lambda shape: st.sampled_from([0.0, -1.0, 1.0, 1e30, np.nan, np.inf, 2.0**40]).map(lambda v: np.full(shape, v))
    ),
)


@pytest.mark.filterwarnings("ignore::UserWarning")
@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mutated_content_is_read_or_refused(files, monkeypatch, data) -> None:
    """Sound HDF5 of unsound content: keys missing, values of other kinds, shapes, signs and sizes."""
    from ranvier.interchange import nir_graph

    tree = hdf5_reader.read(files / data.draw(st.sampled_from(["lif_norse.nir", "recurrent_nested.nir"])), 2**28)
    for _ in range(data.draw(st.integers(1, 3))):
        *above, key = data.draw(st.sampled_from(list(leaves(tree))))
        group = tree
        for name in above:
            group = group[name]
        if data.draw(st.booleans()):
            del group[key]
        else:
            group[key] = data.draw(VALUES)
        if not tree:
            break
    monkeypatch.setattr(nir_graph, "read_tree", lambda path, largest: tree)
    try:
        net = load_nir("mutated.nir", dt=1e-4, backend="eager")
    except BadFileError as error:
        assert "mutated.nir" in str(error)
    else:
        assert len(net) >= 1

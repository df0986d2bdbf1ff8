"""NIR files for tests, written key by key: of the structure that other frameworks give theirs, and small ones, sound or broken."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from ranvier.errors import BadFileError
from ranvier.interchange import hdf5_reader, nir_graph

DT = 1e-4  # s, the step that the decays below belong to
ALPHA, BETA = (0.55, 0.5), (0.9, 0.55)  # decays a step of current and membrane: hidden population, readout
INPUTS, HIDDEN, CLASSES = 6, 9, 3


UNWRITTEN: dict[Path, dict[str, Any]] = {}  # content of files that only tests of their content need


def read_here(path: str | Path, largest: int = 2**28) -> dict[str, Any]:
    """As `hdf5.read_tree`, in this process: for files that are sound HDF5."""
    if path in UNWRITTEN:
        return UNWRITTEN[Path(path)]
    try:
        return hdf5_reader.read(path, largest)
    except hdf5_reader.Refused as error:
        raise BadFileError(f"{path}: {error}") from error


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are opened in this process."""
    monkeypatch.setattr(nir_graph, "read_tree", read_here)


def put(group: h5py.Group, tree: dict[str, Any]) -> None:
    """Writes groups, texts, lists of texts and numbers."""
    for key, value in tree.items():
        if isinstance(value, dict):
            put(group.create_group(key), value)
        elif isinstance(value, str) or (isinstance(value, list) and value and isinstance(value[0], tuple)):
            group.create_dataset(key, data=value, dtype=h5py.string_dtype())
        else:
            group.create_dataset(key, data=np.asarray(value))


def plain(value: Any) -> Any:
    """A tree as it comes out of the file that `put` writes."""
    if isinstance(value, dict):
        return {key: plain(value[key]) for key in sorted(value)}
    if isinstance(value, list) and value and isinstance(value[0], tuple):
        return [list(pair) for pair in value]
    return value if isinstance(value, str) else np.asarray(value)


def graph(nodes: dict[str, Any], edges: list[tuple[str, str]]) -> dict[str, Any]:
    return {"type": "NIRGraph", "nodes": nodes, "edges": edges}


def row(shape: list[int], *nodes: dict[str, Any], out: list[int] | None = None) -> dict[str, Any]:
    """Nodes n0, n1, ... one after another."""
    names = ["input", *(f"n{k}" for k in range(len(nodes))), "output"]
    ends = [{"type": "Input", "shape": shape}, *nodes, {"type": "Output", "shape": shape if out is None else out}]
    return graph(dict(zip(names, ends, strict=True)), list(zip(names, names[1:], strict=False)))


@pytest.fixture
def write(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """A path that `read_here` reads as a file with a tree under /node."""

    def to_file(tree: dict[str, Any]) -> Path:
        path = tmp_path / f"net{len(UNWRITTEN)}.nir"
        UNWRITTEN[path] = plain({"node": tree, "version": "0.2.0"})
        return path

    yield to_file
    UNWRITTEN.clear()


@pytest.fixture(scope="session")
def build() -> Any:
    """The helpers above, for tests."""
    return sys.modules[__name__]


@pytest.fixture(scope="session")
def lif() -> dict[str, Any]:
    """A LIF node of one number for all neurons."""
    return {"type": "LIF", "tau": 0.01, "r": 2.0, "v_leak": 0.0, "v_threshold": 1.0}


def flat(*nodes: tuple[str, dict[str, Any]], version: str = "0.2.0") -> dict[str, Any]:
    """A whole file of named nodes one after another."""
    names = [name for name, _ in nodes]
    return {"node": graph(dict(nodes), list(zip(names, names[1:], strict=False))), "version": version}


def end(kind: str, *shape: int) -> dict[str, Any]:
    return {"type": kind, "shape": np.array(shape)}


def norses_lif(shape: tuple[int, ...]) -> dict[str, Any]:
    """Norse's constants in float32."""
    values = {"tau": 2.5e-3, "r": 1.0, "v_leak": 0.0, "v_threshold": 0.1}
    return {"type": "LIF", **{key: np.full(shape, value, np.float32) for key, value in values.items()}}


def affine(state: dict[str, np.ndarray], name: str) -> dict[str, Any]:
    return {"type": "Affine", "weight": state[f"{name}.weight"], "bias": state[f"{name}.bias"]}


def cuba_lif(n: int, layer: int) -> dict[str, Any]:
    """Time constants, r and w_in with which a step of forward Euler has the decays alpha and beta and gains of 1."""
    tau_syn, tau_mem = DT / (1 - ALPHA[layer]), DT / (1 - BETA[layer])
    values = {"tau_syn": tau_syn, "tau_mem": tau_mem, "r": tau_mem / DT, "w_in": tau_syn / DT, "v_leak": 0.0}
    return {"type": "CubaLIF", **{key: np.full(n, value) for key, value in (values | {"v_threshold": 1.0}).items()}}


def snntorch_state() -> dict[str, np.ndarray]:
    """A state dict of snnTorch's Linear, RSynaptic, Linear, Synaptic; reset_mechanism_val 1 is to zero."""
    random = np.random.default_rng(7)
    sizes = {"fc1": (HIDDEN, INPUTS), "lif1.recurrent": (HIDDEN, HIDDEN), "fc2": (CLASSES, HIDDEN)}
    state = {}
    for layer in ("fc1", "lif1", "lif1.recurrent", "fc2", "lif2"):
        if layer in sizes:
            bound = 1.2 / np.sqrt(sizes[layer][1])
            state[f"{layer}.weight"] = random.uniform(-bound, bound, sizes[layer]).astype(np.float32)
            state[f"{layer}.bias"] = random.uniform(0, 0.1, sizes[layer][0]).astype(np.float32)
        else:
            k = int(layer[-1]) - 1
            numbers = {"threshold": 1.0, "graded_spikes_factor": 1.0, "beta": BETA[k], "alpha": ALPHA[k]}
            state |= {f"{layer}.{key}": np.float32(value) for key, value in numbers.items()}
            state[f"{layer}.reset_mechanism_val"] = np.int64(1)
    return state


def recurrent(nested: bool) -> dict[str, Any]:
    """The same network as snnTorch's export writes it: edges in no order; nested, its edges name a node that is not there."""
    state = snntorch_state()
    rest = {
        "input": end("Input", INPUTS), "fc1": affine(state, "fc1"), "fc2": affine(state, "fc2"), "lif2": cuba_lif(CLASSES, 1),
        "output": end("Output", CLASSES),
    }  # fmt: skip
    back, neuron = affine(state, "lif1.recurrent"), cuba_lif(HIDDEN, 0)
    if not nested:
        edges = [
            ("lif1.w_rec", "lif1.lif"), ("lif2", "output"), ("fc2", "lif2"), ("input", "fc1"), ("lif1.lif", "lif1.w_rec"),
            ("fc1", "lif1.lif"), ("lif1.lif", "fc2"),
        ]  # fmt: skip
        return {"node": graph({**rest, "lif1.lif": neuron, "lif1.w_rec": back}, edges), "version": "0.2.0"}
    ends = {"input": end("Input", HIDDEN), "output": end("Output", HIDDEN)}
    inner = [("input", "lif"), ("lif", "lin"), ("lin", "lif"), ("lif", "output")]
    edges = [("input", "fc1"), ("fc1", "lif1"), ("lif1", "fc2"), ("fc2", "lif2"), ("lif2", "output")]
    nodes = {**rest, "lif1": graph({**ends, "lif1": neuron, "lin": back}, inner)}
    return {"node": graph(nodes, edges), "version": "0.2.0"}


def two_lifs() -> dict[str, Any]:
    """Written by hand in float64: the first fires by itself, its v_leak lies above its threshold."""
    neuron = {"type": "LIF", "tau": np.array([0.01]), "r": np.array([1.0])}
    first = neuron | {"v_leak": np.array([1.2]), "v_threshold": np.array([1.0])}
    second = neuron | {"v_leak": np.array([0.0]), "v_threshold": np.array([0.02])}
    loud, linear = ({"type": "Linear", "weight": np.full((1, 1), weight)} for weight in (20.0, 1.0))
    return flat(
        ("in", end("Input", 1)), ("linear1", loud), ("lif1", first), ("linear2", linear), ("lif2", second), ("out", end("Output", 1)),
    )  # fmt: skip


def rockpools() -> dict[str, Any]:
    """As Rockpool writes it: the Output has two axes that nothing else has, so that nir 1.0.8 refuses it."""
    neuron = norses_lif((1,)) | {"r": np.full(1, 24.02, np.float32)}
    nodes = {
        "0_LinearTorch": {"type": "Linear", "weight": np.full((1, 1), 0.04, np.float32)}, "1_LIFNeuronTorch": neuron,
        "input": end("Input", 1), "output": end("Output", 1, 1, 1),
    }  # fmt: skip
    edges = [("0_LinearTorch", "1_LIFNeuronTorch"), ("1_LIFNeuronTorch", "output"), ("input", "0_LinearTorch")]
    return {"node": graph(nodes, edges), "version": "0.2.0"}


def sinabses() -> dict[str, Any]:
    """As Sinabs wrote it before NIR 0.3: a batch of one in every shape, Conv2d without input_shape, Flatten with one of zeros."""
    random = np.random.default_rng(8)
    ones = {"dilation": np.array([1, 1]), "groups": 1, "stride": np.array([1, 1])}
    conv = {
        "type": "Conv2d",
        "weight": random.normal(size=(2, 1, 3, 3)),
        "bias": np.zeros(2),
        "padding": np.array([0, 0]),
        **ones,
    }
    neuron = {"type": "IF", "r": np.ones((1, 2, 4, 4)), "v_threshold": np.ones((1, 2, 4, 4))}
    pool = {
        "type": "SumPool2d",
        "kernel_size": np.array([2, 2]),
        "stride": np.array([2, 2]),
        "padding": np.array([0, 0]),
    }
    flatten = {"type": "Flatten", "start_dim": 1, "end_dim": -1, "input_type": np.zeros(4, int)}
    return flat(
        ("input", end("Input", 1, 1, 6, 6)), ("0", conv), ("1", neuron), ("2", pool), ("3", flatten), ("output", end("Output", 1, 8)),
    )  # fmt: skip


FILES = {
    "lif_norse": lambda: flat(
        ("input", end("Input", 1)), ("0", {"type": "Affine", "weight": np.ones((1, 1), np.float32), "bias": np.zeros(1, np.float32)}),
        ("1", norses_lif((1,))), ("output", end("Output", 1)), version="0.1.1",
    ),
    "lif_of_scalars": lambda: flat(("input", end("Input", 20)), ("lif", norses_lif(())), ("output", end("Output", 20)), version="0.1.1"),
    "lif_rockpool": rockpools,
    "two_lifs": two_lifs,
    "recurrent": lambda: recurrent(nested=False),
    "recurrent_nested": lambda: recurrent(nested=True),
    "sinabs_without_input_shape": sinabses,
}  # fmt: skip


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files above, not to be changed."""
    folder = tmp_path_factory.mktemp("files")
    for name, make in FILES.items():
        with h5py.File(folder / f"{name}.nir", "w") as file:
            put(file, make())
    return folder

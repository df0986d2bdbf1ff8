"""Files of trained torch networks: weights and the description of their layers, read as data.

A file is made of `torch.save(model.state_dict(), "model.pt")`, of safetensors, or an .npz of arrays; its layers are given beside it as text
(`describe.py`), or stand in the file itself where `save_model` wrote it. No module is unpickled.
"""

import io
import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from ranvier.conversion.describe import EXAMPLE, describe, parse, read
from ranvier.conversion.source import Chain, Source, Step, steps_of
from ranvier.conversion.trace import trace
from ranvier.errors import BadFileError, RanvierError
from ranvier.files import UNREADABLE, check_unpacked, write_atomic

LAYERS = "layers"  # key of the description
STATE = "state_dict"
SUFFIXES = (".pt", ".pth", ".safetensors", ".npz")
LARGEST = 2**32  # bytes that a file's weights may take


def save_model(model: nn.Module, x: Tensor, path: str | Path, *, force: bool = False) -> Path:
    """Writes a torch network with the description of its layers, for `ranvier convert PATH`; .pt, .pth or .safetensors.

    x: some input [n, *N]. force: replace an existing file. Raises `RanvierError` where the network is none that `convert` could follow, or where
    the file exists.
    """
    path = Path(path)
    if path.suffix not in SUFFIXES[:3]:
        raise RanvierError(f"{path}: expected a name that ends in {', '.join(SUFFIXES[:3])}. Write {path.stem}.pt.")
    if path.exists() and not force:
        raise RanvierError(f"{path}: exists already. Give another name, or force=True to replace it.")
    chain = trace(model, x)
    text = json.dumps(describe(chain))
    state = {name: tensor.contiguous() for name, tensor in state_of(chain).items()}
    if path.suffix == ".safetensors":
        return write_atomic(path, safetensors.torch.save(state, {LAYERS: text}))
    buffer = io.BytesIO()
    torch.save({LAYERS: text, STATE: state}, buffer)
    return write_atomic(path, buffer.getvalue())


def load_model(path: str | Path, layers: str | None = None) -> Source:
    """A trained network from its file. layers: their description, as text or JSON, where the file holds weights alone.

    Raises:
        BadFileError: the file is missing, damaged, or holds more than weights.
        RanvierError: the layers are not known, or the weights do not fit them.
    """
    path = Path(path)
    state, inside = _contents(path)
    check_numbers(str(path), state)
    if layers is None and inside is None:
        keys = ", ".join(list(state)[:8])
        raise RanvierError(
            f"{path}: holds weights ({keys}{', ...' if len(state) > 8 else ''}) and not which layers they belong to. Give the layers, with "
            f"--layers {EXAMPLE} or the file that print(model) was written to; or write the model with ranvier.conversion.save_model."
        )
    chain = parse(layers, "--layers") if layers is not None else _inside(inside, path)
    fill(chain, state, str(path))
    return Source(chain).eval()


def state_of(chain: Chain) -> dict[str, Tensor]:
    """Weights and statistics of every step, by the names that the whole model has for them."""
    return {
        f"{step.name}.{key}": value.detach()
        for step in steps_of(chain)
        for key, value in step.module.state_dict().items()
    }


def fill(chain: Chain, state: Mapping[str, Tensor], where: str) -> None:
    """Puts weights into the modules of a chain. Raises `RanvierError` where names or shapes differ."""
    own = state_of(chain)
    counters = {key for key in own if key.endswith("num_batches_tracked")}  # which nothing here reads
    missing, more = sorted(own.keys() - state.keys() - counters), sorted(state.keys() - own.keys())
    if missing or more:
        lacks = f"it lacks {', '.join(missing[:6])}" if missing else ""
        has = f"it has {', '.join(more[:6])} besides" if more else ""
        raise RanvierError(
            f"{where}: the weights do not belong to these layers: {'; '.join(t for t in (lacks, has) if t)}. A layer's name is its place in "
            'nn.Sequential, bias=False is to be said; other names are given as {"name": "conv1", "layer": "Conv2d(1, 20, 5)"}.'
        )
    for step in steps_of(chain):
        _fill(step, state, where)


def check_numbers(where: str, state: Mapping[str, Tensor]) -> None:
    """Refuses weights that are too many, or not finite."""
    total = 0
    for name, value in state.items():
        total += value.numel() * value.element_size()  # a view may have more elements than are stored
        if total > LARGEST:
            raise BadFileError(
                f"{where}: with {name} of shape {tuple(value.shape)} it takes more than {LARGEST} bytes."
            )
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise BadFileError(f"{where}: {name} holds NaN or inf. Train again, or take an earlier checkpoint.")


def _fill(step: Step, state: Mapping[str, Tensor], where: str) -> None:
    kinds = {
        value.dtype for key, value in state.items() if key.startswith(f"{step.name}.") and value.is_floating_point()
    }
    if kinds and step.module.state_dict():
        step.module.to(max(kinds, key=lambda kind: torch.finfo(kind).bits))
    for key, own in step.module.state_dict(keep_vars=True).items():
        given = state.get(f"{step.name}.{key}")
        if given is None:
            continue
        if given.shape != own.shape:
            raise RanvierError(
                f"{where}: {step.name}.{key} has shape {tuple(given.shape)}, {type(step.module).__name__} takes {tuple(own.shape)}. "
                "Correct the sizes of that layer."
            )
        with torch.no_grad():
            own.copy_(given)


def _contents(path: Path) -> tuple[dict[str, Tensor], Any]:
    """Weights by name, and the description of the layers if the file has one."""
    if path.suffix not in SUFFIXES:
        raise BadFileError(
            f"{path}: expected a file that ends in {', '.join(SUFFIXES)}. Give the weights of the network."
        )
    try:
        if (size := path.stat().st_size) > LARGEST:
            raise BadFileError(f"{path}: has {size} bytes, more than {LARGEST}. Give the weights of one network.")
        data = path.read_bytes()
    except OSError as error:
        raise BadFileError(
            f"{path}: {error.strerror or error}; expected the weights of a network. Check the path."
        ) from error
    check_unpacked(str(path), io.BytesIO(data), LARGEST)
    if path.suffix == ".npz":
        return _npz(path, data), None
    if path.suffix == ".safetensors":
        try:
            tensors = safetensors.torch.load(data)
        except (safetensors.SafetensorError, ValueError) as error:
            raise BadFileError(f"{path}: no safetensors file, or a damaged one ({error}). Copy it again.") from error
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        return tensors, header.get("__metadata__", {}).get(LAYERS)
    return _torch(path, data)


def _torch(path: Path, data: bytes) -> tuple[dict[str, Tensor], Any]:
    try:
        found = torch.load(io.BytesIO(data), map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, AssertionError, *UNREADABLE) as error:
        if not isinstance(error, pickle.UnpicklingError) or data[:1] not in (b"P", b"\x80"):  # a zip archive, a pickle
            raise BadFileError(f"{path}: no file of torch.save, or a damaged one. Copy it again.") from error
        raise BadFileError(
            f"{path}: holds more than tensors, such as a whole pickled module, which could run code when it is read; expected weights. "
            'Write torch.save(model.state_dict(), "model.pt").'
        ) from error
    inside = None
    if isinstance(found, Mapping) and isinstance(found.get(STATE), Mapping):
        inside, found = found.get(LAYERS), found[STATE]
    if not isinstance(found, Mapping) or not found or not all(isinstance(v, Tensor) for v in found.values()):
        raise BadFileError(
            f'{path}: expected weights by name, got {type(found).__name__}. Write torch.save(model.state_dict(), "model.pt").'
        )
    return {str(k): v for k, v in found.items()}, inside


def _npz(path: Path, data: bytes) -> dict[str, Tensor]:
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            return {name: torch.from_numpy(np.ascontiguousarray(archive[name])) for name in archive.files}
    except UNREADABLE as error:
        raise BadFileError(
            f"{path}: no .npz archive of plain arrays, or a damaged one ({error}). Save it with `np.savez(path, **weights)`."
        ) from error


def _inside(described: Any, path: Path) -> Chain:
    try:
        return read(json.loads(described), str(path))
    except (TypeError, json.JSONDecodeError) as error:
        raise BadFileError(f"{path}: its description of the layers is damaged. Give it with --layers.") from error

"""From a torch module to a chain, whatever its `forward` calls: modules, functions or methods of tensors."""

import copy
import inspect
import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.fx.proxy import TraceError
from torch.nn import functional as F

from ranvier.conversion.qcfs import QCFS
from ranvier.conversion.source import Chain, Source, Step, Sum, through
from ranvier.errors import RanvierError

LEAVES = (QCFS,)  # modules outside of torch.nn that are steps
TOLERANCE = 1e-3  # of the largest output, by which chain and model may differ


def trace(model: nn.Module, x: Tensor) -> Chain:
    """The chain of a model in evaluation mode, on copies of its modules; checked by running both on x [n, *N].

    Raises `RanvierError` where `forward` depends on values, calls what is not known, or is no chain of steps and sums.
    """
    copied = copy.deepcopy(model).eval()
    if isinstance(copied, Source):
        return copied.chain
    if not list(copied.children()):
        copied = nn.Sequential(copied)  # a model of one module is a row of one
    try:
        graph = _Tracer().trace(copied)
    except (TraceError, TypeError, RuntimeError, NameError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RanvierError(
            f"{type(model).__name__}: its forward cannot be followed ({first}); expected modules in a row and sums of two branches. "
            "Write it as nn.Sequential, or without `if` and loops that depend on the input."
        ) from error
    chain = _Reader(copied, graph).chain()
    try:
        with torch.no_grad():
            expected, got = copied(x), through(chain, x)
    except (RuntimeError, ValueError, IndexError) as error:
        raise RanvierError(
            f"{type(model).__name__}: does not take samples of shape {tuple(x.shape[1:])}, {x.dtype}: {str(error).splitlines()[0]}. Give samples "
            "[n, *N] as it takes them."
        ) from error
    if expected.shape != got.shape or float((expected - got).abs().max()) > TOLERANCE * float(expected.abs().max()):
        raise RanvierError(
            f"{type(model).__name__}: the steps that were found in its forward do not give its output; a view or an index does more than "
            "flatten. Write nn.Flatten() in its place."
        )
    return chain


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, LEAVES) or super().is_leaf_module(m, module_qualified_name)


class _Reader:
    """Reads a graph backwards from its output. Where two values are added, the last node that both come from is where the sum begins."""

    def __init__(self, model: nn.Module, graph: fx.Graph) -> None:
        self.model = model
        self.inputs = [node for node in graph.nodes if node.op == "placeholder"]
        (output,) = (node for node in graph.nodes if node.op == "output")
        if len(self.inputs) != 1 or not isinstance(output.args[0], fx.Node):
            raise RanvierError(
                f"{type(model).__name__}: takes {len(self.inputs)} inputs or gives several outputs; expected one tensor in, one out. "
                "Wrap it in a module with one of each."
            )
        self.output = output.args[0]

    def chain(self) -> Chain:
        return self._between(self.output, self.inputs[0])

    def _between(self, node: fx.Node, start: fx.Node) -> Chain:
        """Steps from `start` (not included) to `node`."""
        items: list[Step | Sum] = []
        while node is not start:
            if _adds(node):
                before = self._fork(node)
                first, second = (self._between(branch, before) for branch in _addends(node))
                items.append(Sum(node.name, (first, second)))
            else:
                before = self._before(node)
                items.append(Step(*self._step(node)))
            node = before
        return tuple(reversed(items))

    def _before(self, node: fx.Node) -> fx.Node:
        """The node that the steps before `node` end in."""
        if _adds(node):
            return self._fork(node)
        sources = [a for a in node.all_input_nodes if a.op != "get_attr" and not _is_size(a)]
        if node.op not in ("call_module", "call_function", "call_method") or len(sources) != 1:
            raise self._refused(node, "takes several values, or weights that are no module's")
        return sources[0]

    def _fork(self, node: fx.Node) -> fx.Node:
        first, second = ([branch, *self._spine(branch)] for branch in _addends(node))
        return next(place for place in first if place in second)

    def _spine(self, node: fx.Node) -> list[fx.Node]:
        """Nodes that every way from the input to `node` passes, last first."""
        passed = []
        while node.op != "placeholder":
            node = self._before(node)
            passed.append(node)
        return passed

    def _step(self, node: fx.Node) -> tuple[str, nn.Module]:
        if node.op == "call_module":
            name = str(node.target)
            return name, self.model.get_submodule(name)
        made = FUNCTIONS.get(node.target) if node.op == "call_function" else METHODS.get(str(node.target))
        if made is None:
            raise self._refused(node, "is not known")
        module = made(*node.args[1:], **{k: v for k, v in node.kwargs.items() if k != "input"})
        if module is None:
            raise self._refused(node, f"has arguments {node.args[1:]} {dict(node.kwargs)} that are not known")
        return node.name, module.eval()

    def _refused(self, node: fx.Node, why: str) -> RanvierError:
        what = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", str(node.target))
        return RanvierError(
            f"{type(self.model).__name__}: `{what}` in its forward {why}; a network to convert has Linear, Conv2d, batch norm, ReLU, pooling, "
            "flatten and sums. Replace it by one of these."
        )


def _adds(node: fx.Node) -> bool:
    added = node.op == "call_function" and node.target in (operator.add, operator.iadd, torch.add)
    added = added or (node.op == "call_method" and node.target in ("add", "add_"))
    return added and len(_addends(node)) == 2 and not (node.kwargs.keys() - {"input", "other"})


def _addends(node: fx.Node) -> list[fx.Node]:
    return [a for a in (*node.args, *node.kwargs.values()) if isinstance(a, fx.Node)]


def _is_size(node: fx.Node) -> bool:
    """Whether a node is a number of the shape, as in x.view(x.size(0), -1)."""
    if node.op == "call_method" and node.target == "size":
        return True
    if node.op == "call_function" and node.target is getattr:
        return node.args[1] == "shape"
    return node.op == "call_function" and node.target is operator.getitem and _is_size(node.all_input_nodes[0])


def _flatten(start_dim: int = 0, end_dim: int = -1) -> nn.Module | None:
    return nn.Flatten() if (start_dim, end_dim) == (1, -1) else None


def _view(*shape: Any) -> nn.Module | None:
    """A view as [B, features]; `trace` finds out whether it is one."""
    sizes = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple | list) else shape
    return nn.Flatten() if len(sizes) == 2 else None


def _clamp(min: Any = None, max: Any = None) -> nn.Module | None:
    if min != 0:
        return None
    return nn.ReLU() if max is None else nn.Hardtanh(0.0, float(max))


def _pool(kind: type[nn.Module]) -> Callable[..., nn.Module]:
    def made(*args: Any, **kwargs: Any) -> nn.Module:
        known = inspect.signature(kind).parameters
        return kind(*args, **{k: v for k, v in kwargs.items() if k in known})

    return made


def _relu(inplace: bool = False) -> nn.Module:
    return nn.ReLU()


def _dropped(*args: Any, **kwargs: Any) -> nn.Module:
    return nn.Identity()


def _softmax(dim: int | None = None, **_: Any) -> nn.Module:
    return nn.Softmax(dim)


def _log_softmax(dim: int | None = None, **_: Any) -> nn.Module:
    return nn.LogSoftmax(dim)


FUNCTIONS: dict[Any, Callable[..., nn.Module | None]] = {
    F.relu: _relu,
    torch.relu: _relu,
    F.relu6: lambda inplace=False: nn.ReLU6(),
    F.hardtanh: lambda min_val=-1.0, max_val=1.0, inplace=False: nn.Hardtanh(min_val, max_val),
    torch.clamp: _clamp,
    torch.flatten: _flatten,
    torch.reshape: _view,
    F.dropout: _dropped,
    F.dropout2d: _dropped,
    F.avg_pool2d: _pool(nn.AvgPool2d),
    F.max_pool2d: _pool(nn.MaxPool2d),
    F.adaptive_avg_pool2d: _pool(nn.AdaptiveAvgPool2d),
    F.softmax: _softmax,
    F.log_softmax: _log_softmax,
    torch.softmax: _softmax,
    torch.log_softmax: _log_softmax,
}
METHODS: dict[str, Callable[..., nn.Module | None]] = {
    "relu": _relu,
    "relu_": _relu,
    "clamp": _clamp,
    "flatten": _flatten,
    "view": _view,
    "reshape": _view,
    "contiguous": _dropped,
    "softmax": _softmax,
    "log_softmax": _log_softmax,
}

"""A network as text: what stands in a file beside its weights, and what a user types for a file that holds weights alone.

    ["Conv2d(1, 20, 5, bias=False)", "ReLU()", "AvgPool2d(2)", "Flatten()", "Linear(2880, 10)"]

An item is a module as torch prints it, or {"name": "conv1", "layer": "Conv2d(1, 20, 5)"}, or a sum, {"sum": [[...], [...]]}, whose second list may
be empty. Without a name the place is the name, as in nn.Sequential: the weights of the first are "0.weight". Read as data: only the modules
of `KNOWN` are made, and only of numbers.
"""

import ast
import json
import re
from collections.abc import Sequence
from typing import Any

from torch import nn

from ranvier.conversion.qcfs import QCFS
from ranvier.conversion.source import Chain, Step, Sum
from ranvier.errors import RanvierError

KNOWN: dict[str, type[nn.Module]] = {
    kind.__name__: kind
    for kind in (
        nn.Linear, nn.Conv2d, nn.BatchNorm1d, nn.BatchNorm2d, nn.ReLU, nn.ReLU6, nn.Hardtanh, QCFS, nn.AvgPool2d, nn.AdaptiveAvgPool2d,
        nn.MaxPool2d, nn.Flatten, nn.Dropout, nn.Dropout2d, nn.Identity, nn.Softmax, nn.LogSoftmax,
    )
}  # fmt: skip
LARGEST = 10_000_000  # numbers that a described module may hold for each of its arguments, so that a text cannot fill the memory
WORDS = ("same", "valid", "zeros", "reflect", "replicate", "circular")  # of torch's paddings
PRINTED = re.compile(r"^\s*\((?P<name>[\w.]+)\): (?P<layer>\w+\(.*\))\s*$")
EXAMPLE = '"Flatten(), Linear(784, 100), ReLU(), Linear(100, 10)"'


def describe(chain: Chain) -> list[Any]:
    """The chain as lists, dicts and text, ready for JSON."""
    found: list[Any] = []
    for item in chain:
        if isinstance(item, Sum):
            found.append({"name": item.name, "sum": [describe(branch) for branch in item.branches]})
        else:
            found.append({"name": item.name, "layer": _text(item)})
    return found


def read(described: Any, where: str) -> Chain:
    """The chain of a description; its weights are yet to be filled in. where: for errors.

    Raises `RanvierError` for what is no such description.
    """
    return _chain(described, where, "")


def parse(text: str, where: str) -> Chain:
    """The chain of a text: JSON, what `print(model)` writes for an nn.Sequential, or modules with commas between.

    Raises `RanvierError` for anything else.
    """
    if text.lstrip().startswith(("[", "{")):
        try:
            return read(json.loads(text), where)
        except json.JSONDecodeError as error:
            raise RanvierError(f"{where}: no JSON ({error}). Give a list such as [{EXAMPLE}].") from error
    printed = [match for line in text.splitlines() if (match := PRINTED.match(line))]
    if printed:
        return read([{"name": m["name"], "layer": m["layer"]} for m in printed], where)
    try:
        modules = ast.parse(f"[{text}]", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise RanvierError(
            f"{where}: {text[:60]!r} is no list of layers. Write them with commas between, such as {EXAMPLE}."
        ) from error
    assert isinstance(modules, ast.List)
    return read([ast.unparse(module) for module in modules.elts], where)


def _chain(described: Any, where: str, before: str) -> Chain:
    if not isinstance(described, Sequence) or isinstance(described, str) or not described and not before:
        raise RanvierError(f"{where}: expected a list of layers, got {str(described)[:60]!r}. Give [{EXAMPLE}].")
    found: list[Step | Sum] = []
    for place, item in enumerate(described):
        entry = {"layer": item} if isinstance(item, str) else item
        if (
            not isinstance(entry, dict)
            or len(entry.keys() & {"layer", "sum"}) != 1
            or entry.keys() - {"name", "layer", "sum"}
        ):
            raise RanvierError(
                f'{where}: layer {before}{place} is {str(item)[:60]!r}; expected text such as "ReLU()", or an object with "layer" or "sum". '
                'Write {"name": "conv1", "layer": "Conv2d(1, 20, 5)"}.'
            )
        name = str(entry.get("name", f"{before}{place}"))
        if "sum" in entry:
            branches = entry["sum"]
            if not isinstance(branches, list) or len(branches) != 2:
                raise RanvierError(
                    f'{where}: "sum" of layer {name} must hold two lists of layers. Write {{"sum": [[...], []]}}.'
                )
            first, second = (_chain(b, where, f"{name}.{k}.") for k, b in enumerate(branches))
            found.append(Sum(name, (first, second)))
        else:
            found.append(Step(name, _module(entry["layer"], where, name)))
    return tuple(found)


def _module(text: Any, where: str, name: str) -> nn.Module:
    """The module that a text such as "Conv2d(1, 20, kernel_size=5)" means; nothing is executed."""
    wrong = f"{where}: layer {name} is {str(text)[:80]!r}"
    try:
        call = ast.parse(str(text).strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        call = None
    if isinstance(call, ast.Name | ast.Attribute):  # ReLU without brackets
        call = ast.Call(call, [], [])
    if not isinstance(call, ast.Call):
        raise RanvierError(f"{wrong}; expected a module with its arguments. Write for example Linear(784, 10).")
    kind = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if kind not in KNOWN:
        raise RanvierError(f"{wrong}; known are {', '.join(KNOWN)}. Write the network with these.")
    try:
        args = [_literal(a) for a in call.args]
        options = {str(k.arg): _literal(k.value) for k in call.keywords}
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        raise RanvierError(
            f"{wrong}; its arguments must be plain numbers. Write for example Linear(784, 10)."
        ) from None
    if not all(_plain(value) for value in (*args, *options.values())):
        raise RanvierError(f"{wrong}; an argument is no number from -{LARGEST} to {LARGEST}. Mend the description.")
    try:
        return KNOWN[kind](*args, **options).eval()
    except (TypeError, ValueError, RuntimeError, AssertionError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RanvierError(f"{wrong}, which torch refuses: {first}. Mend the arguments.") from error


def _literal(node: ast.expr) -> Any:
    """The value of an argument; torch prints padding=same without quotes."""
    if isinstance(node, ast.Name) and node.id in WORDS:
        return node.id
    return ast.literal_eval(node)


def _plain(value: Any) -> bool:
    if isinstance(value, tuple | list):
        return len(value) <= 4 and all(_plain(v) for v in value)
    return value is None or isinstance(value, str) or (isinstance(value, int | float) and abs(value) <= LARGEST)


def _text(step: Step) -> str:
    """A module as the text that makes it."""
    module = step.module
    if type(module) not in KNOWN.values():
        raise RanvierError(
            f"{step.name} ({type(module).__name__}): cannot be described; known are {', '.join(KNOWN)}. Replace it."
        )
    if isinstance(module, nn.AvgPool2d):  # what torch prints of it is not all
        return (
            f"AvgPool2d({module.kernel_size}, {module.stride}, {module.padding}, ceil_mode={module.ceil_mode}, "
            f"count_include_pad={module.count_include_pad}, divisor_override={module.divisor_override})"
        )
    return f"{type(module).__name__}({module.extra_repr()})"

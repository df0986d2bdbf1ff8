"""Exported C as a user meets it: compiled with every warning an error, fed with recorded input, one process a sample."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

WARNINGS = ("-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic")


def compiler() -> str:
    """The machine's C compiler."""
    found = next((path for name in ("cc", "gcc", "clang") if (path := shutil.which(name))), None)
    assert found is not None, (
        "no C compiler (cc, gcc or clang) was found: exported C can only be judged where there is one"
    )
    return found


def compiled(source: Path, *options: str) -> Path:
    """The program in a file, which reads inputs and prints outputs."""
    program = source.with_suffix("")
    command = [compiler(), *WARNINGS, "-O1", *options, "-DRANVIER_MAIN", str(source), "-lm", "-o", str(program)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return program


def outputs(program: Path, x: Tensor) -> Tensor:
    """What a program makes of x [T, B, *N]: [T, B, M]."""
    rows = []
    for sample in x.flatten(2).unbind(1):
        whole = not sample.is_floating_point()
        lines = [" ".join(str(v) if whole else f"{v:.9g}" for v in step) for step in sample.tolist()]
        done = subprocess.run([str(program)], input="\n".join(lines), capture_output=True, text=True, check=False)
        assert done.returncode == 0 and done.stderr == "", done.stderr
        rows.append(torch.tensor([[float(v) for v in line.split()] for line in done.stdout.splitlines()]))
    return torch.stack(rows, 1)


@pytest.fixture(scope="session")
def run_c() -> Callable[..., Tensor]:
    """run_c(file, x, *compiler options): output [T, B, M]."""
    return lambda source, x, *options: outputs(compiled(source, *options), x)


@pytest.fixture(scope="session")
def object_sizes() -> Callable[[Path], tuple[int, int]]:
    """object_sizes(file): bytes of read-only and of static memory in the compiled file, from its symbols."""

    def sizes(source: Path) -> tuple[int, int]:
        target = source.with_suffix(".o")
        subprocess.run([compiler(), *WARNINGS, "-O0", "-c", str(source), "-o", str(target)], check=True)
        shown = subprocess.run(["nm", "-S", str(target)], capture_output=True, text=True, check=True).stdout
        found = {"r": 0, "b": 0}
        for line in shown.splitlines():
            parts = line.split()
            if len(parts) == 4 and parts[2] in found:
                found[parts[2]] += int(parts[1], 16)
        return found["r"], found["b"]

    return sizes

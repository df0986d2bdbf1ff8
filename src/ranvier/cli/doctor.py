"""`ranvier doctor`."""

import json
import os
import platform
import shutil
import sys
import time
import warnings
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import numba
import soundfile
import torch
import typer

import ranvier
from ranvier.kernels.cpu.cache import cache_folder
from ranvier.neurons import LIF

app = typer.Typer(add_completion=False)


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Print cores, torch build, compiled-kernel cache and audio support, and what is wrong. Status 1 if anything is."""
    told: dict[str, str] = {}
    wrong: list[str] = []
    told["ranvier"] = (
        f"{ranvier.__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    )
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    told["cores"] = f"{usable} usable of {os.cpu_count()}, torch uses {torch.get_num_threads()} threads"
    if torch.get_num_threads() > usable:
        wrong.append(
            f"torch uses more threads than there are cores: set OMP_NUM_THREADS={usable}, or give --threads {usable}"
        )
    kind = f"CUDA {torch.version.cuda} build" if torch.version.cuda else "CPU build"
    told["torch"] = f"{torch.__version__} ({kind})"
    told["numba"] = f"{numba.__version__}, llvmlite {_version('llvmlite')}"
    _cache(told, wrong)
    _kernel(told, wrong)
    _audio(told, wrong)
    if _version("lightning") in ("2.6.2", "2.6.3"):
        wrong.append("lightning 2.6.2 and 2.6.3 are compromised releases: pip install -U 'lightning>=2.6.4'")
    if as_json:
        typer.echo(json.dumps({**told, "wrong": wrong}, indent=2))
        sys.exit(1 if wrong else 0)
    for name, text in told.items():
        typer.echo(f"{name:<10}{text}")
    for text in wrong:
        typer.secho("wrong     ", fg="red", nl=False)
        typer.echo(text)
    typer.echo("all is well" if not wrong else f"{len(wrong)} thing{'s' * (len(wrong) > 1)} to mend")
    sys.exit(1 if wrong else 0)


def _cache(told: dict[str, str], wrong: list[str]) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        folder = cache_folder()
    wrong += [str(w.message) for w in caught]
    files = [f for f in folder.rglob("*") if f.is_file()]
    kernels = sum(f.suffix == ".py" for f in files)
    free = shutil.disk_usage(folder).free
    told["cache"] = (
        f"{folder}: {kernels} kernels, {sum(f.stat().st_size for f in files) / 1e6:.1f} MB, {free / 1e9:.1f} GB free"
    )
    if free < 100e6:
        wrong.append(f"less than 100 MB free where kernels are cached ({folder}); set RANVIER_CACHE to another folder")


def _kernel(told: dict[str, str], wrong: list[str]) -> None:
    x = torch.rand((20, 2, 8))
    started = time.perf_counter()
    try:
        compiled = LIF(backend="cpu")(x)
    except Exception as error:  # whatever it is, this is the place to tell it
        wrong.append(f"compiled kernels do not run: {type(error).__name__}: {error}")
        return
    told["kernel"] = f"LIF ready in {time.perf_counter() - started:.2f} s"
    if not torch.equal(compiled, LIF(backend="eager")(x)):
        wrong.append("the compiled LIF differs from the reference: empty the kernel cache and run this again")


def _audio(told: dict[str, str], wrong: list[str]) -> None:
    known = set(soundfile.available_formats())
    told["audio"] = f"soundfile {soundfile.__version__}, {soundfile.__libsndfile_version__}: " + ", ".join(
        sorted(known & {"WAV", "FLAC", "OGG", "MP3"})
    )
    missing = {"WAV", "FLAC", "OGG"} - known
    if missing:
        wrong.append(f"libsndfile cannot read {', '.join(sorted(missing))}: pip install -U soundfile")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"

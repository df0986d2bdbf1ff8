"""`ranvier convert`."""

import json
import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from torch import Tensor

from ranvier.cli.common import console, load, set_threads
from ranvier.cli.lines import warnings_as_lines
from ranvier.conversion import (
    BernoulliSpikes,
    ConstantCurrent,
    MaxActivation,
    ModelBased,
    Percentile,
    ThresholdBalancing,
    convert,
    load_model,
    save,
)  # fmt: skip
from ranvier.conversion.saved import CONFIG, WEIGHTS, check_free
from ranvier.data.samples import Samples
from ranvier.data.splits import split
from ranvier.energy import estimate
from ranvier.equations.options import Subtract, ToValue
from ranvier.errors import RanvierError
from ranvier.plotting.conversion_report import ConversionFacts, write_conversion_report
from ranvier.training.runs import REPORT, Source

app = typer.Typer(add_completion=False)

SHOWN = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)  # steps of the printed table
LOOKED_AT = 100  # samples whose rates are compared with the activations
PRICED = 20  # samples whose operations are counted for the energy
NORMALISATIONS = ("percentile", "channels", "max", "model", "balance")


@app.command(
    "convert",
    epilog="Examples:\n\n"
    "ranvier convert model.pt --data mnist/ --steps 32 --report\n\n"
    'ranvier convert weights.pt --layers "Flatten(), Linear(784, 100), ReLU(), Linear(100, 10)" --data mnist/\n\n'
    "The weights come from torch.save(model.state_dict(), 'weights.pt'); --layers also takes a file that print(model) was written to. "
    "ranvier.conversion.save_model writes both into one model.pt.",
)
def command(
    model: Annotated[
        Path,
        typer.Argument(
            help="Weights of a trained torch network: .pt, .pth, .safetensors or .npz; read as data, never run."
        ),
    ],
    data: Annotated[
        str,
        typer.Option(help="Labelled images: a folder with one sub-folder a class, IDX files, an NPZ file, or digits."),
    ],
    layers: Annotated[
        str | None,
        typer.Option(
            help="The network's layers, as text or in a file, where the model's file has none: Flatten(), Linear(784, 10)."
        ),
    ] = None,
    steps: Annotated[int, typer.Option(help="Time steps a sample.", min=1)] = 32,
    normalise: Annotated[
        str,
        typer.Option(
            help=f"How scales are chosen: {', '.join(NORMALISATIONS)} (percentile of each channel: channels)."
        ),
    ] = "percentile",
    percentile: Annotated[float, typer.Option(help="Of the positive activations, in percent.")] = 99.9,
    reset: Annotated[str, typer.Option(help="soft (subtract the threshold) or hard (to zero).")] = "soft",
    start: Annotated[float, typer.Option(help="Membrane at the start, as a share of the threshold.")] = 0.5,
    input_: Annotated[
        str, typer.Option("--input", help="current (the values themselves) or spikes (drawn).")
    ] = "current",
    mean: Annotated[
        str | None, typer.Option(help="Subtracted from pixels in 0..1, as in training; one number, or one a channel.")
    ] = None,
    std: Annotated[str | None, typer.Option(help="Pixels are divided by it after that.")] = None,
    calibrate: Annotated[int, typer.Option(help="Training samples that the scales are taken from.", min=1)] = 1000,
    limit: Annotated[int | None, typer.Option(help="Test only so many samples, the first ones.", min=1)] = None,
    split_: Annotated[str | None, typer.Option("--split", help="official or random, as in `ranvier train`.")] = None,
    seed: Annotated[
        int, typer.Option(help="Of a random split, of which training samples calibrate, and of drawn spikes.")
    ] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the spiking network (and the report); by default MODEL-spiking.")
    ] = None,
    report: Annotated[
        bool, typer.Option("--report", help=f"Also write {REPORT}, with accuracy against steps.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace what an earlier conversion wrote there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    threads: Annotated[int | None, typer.Option(help="Processor cores to use.")] = None,
) -> None:
    """Convert a trained network of ReLUs to spiking neurons, say what that assumes, and measure accuracy after each number of steps.

    Scales are taken from training samples, accuracy from the others; --data should be what the network was trained on.
    """
    set_threads(threads)
    with warnings_as_lines():
        folder = Path(f"{model.stem}-spiking") if out is None else out
        check_free(folder, (CONFIG, WEIGHTS, REPORT) if report else (CONFIG, WEIGHTS), force, "--force")
        choices = _choices(normalise, percentile, reset, start, input_, seed, steps)
        network = load_model(model, _layers(layers))
        samples = load(Source(data))
        if isinstance(samples.x, list):
            raise RanvierError(
                f"{data}: holds sounds; expected images, which a network takes as they are. Give images."
            )
        parts = split(samples, split_, seed)
        x, y = _prepared(samples, mean, std), torch.from_numpy(samples.y)
        drawn = torch.randperm(len(parts.train), generator=torch.Generator().manual_seed(seed))[:calibrate]
        train, test = torch.from_numpy(parts.train)[drawn], torch.from_numpy(parts.test)[:limit]
        _check_fit(network, x[train[:1]], samples)
        with console.status("converting", spinner="dots"):
            try:
                made = convert(network, x[train], **choices)
            except ValueError as error:
                raise RanvierError(str(error)) from error
            found = made.accuracy(x[test], y[test], steps)
            errors = made.errors(x[test[:LOOKED_AT]], steps)
            cost = estimate(made.network, made.encode(x[test[:PRICED]], steps), accuracy=float(found.accuracy[-1]))
        save(made, folder, force=force)
        notes = (
            f"{samples.name}: {parts.reason}",
            f"{len(train)} training samples calibrated, {len(test)} others tested.",
        )
        if report:
            again = f"ranvier {shlex.join(sys.argv[1:])}"
            facts = ConversionFacts(f"{model.name} as a spiking network", made, found, errors, notes, again, cost)
            write_conversion_report(facts, folder / REPORT)
    shown = sorted({n for n in (*SHOWN, steps) if n <= steps})
    if as_json:
        values: dict[str, Any] = {
            "folder": str(folder),
            "assumed": list(made.assumptions),
            "data": list(notes),
            "samples": found.samples,
            "source_accuracy": found.source,
            "accuracy": found.accuracy.tolist(),
            "agreement": found.agreement.tolist(),
            "energy": cost.as_dict(),
            "populations": [
                {
                    "name": p.name,
                    "place": p.number,
                    "scale": p.scale.tolist(),
                    "threshold": float(p.neuron.v_threshold),
                    "rate": found.rates[p.name],
                    "error": errors[p.name],
                }
                for p in made.populations
            ],
        }
        typer.echo(json.dumps(values, indent=2))
        return
    typer.echo(str(made))
    typer.echo("")
    for line in notes:
        typer.echo(line)
    typer.echo(f"source  {100 * found.source:6.2f} %")
    for n in shown:
        typer.echo(
            f"T {n:5d} {100 * found.accuracy[n - 1]:6.2f} %   decides as the source {100 * found.agreement[n - 1]:6.2f} %"
        )
    typer.echo(f"energy of a sample, estimated, nothing measured: {cost.verdict}")
    typer.echo(f"spiking network: {folder}   (ranvier.conversion.load)")
    if report:
        typer.echo(f"report: {folder / REPORT}")


def _layers(text: str | None) -> str | None:
    """The description of the layers: the text itself, or what is in the file of that name."""
    if text is None or "(" in text or text.lstrip().startswith("["):
        return text
    try:
        return Path(text).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RanvierError(
            f'--layers {text}: cannot be read ({error}). Give a text file, or the layers themselves, such as "Flatten(), Linear(784, 10)".'
        ) from error


def _choices(
    normalise: str, percentile: float, reset: str, start: float, input_: str, seed: int, steps: int
) -> dict[str, Any]:
    """Keywords of `convert` for what was typed."""
    for name, given, known in (
        ("--normalise", normalise, NORMALISATIONS),
        ("--reset", reset, ("soft", "hard")),
        ("--input", input_, ("current", "spikes")),
    ):
        if given not in known:
            raise RanvierError(f"{name} {given}: expected {', '.join(known)}. The default is {known[0]}.")
    if not 0 < percentile <= 100:
        raise RanvierError(f"--percentile {percentile:g}: must lie in (0, 100]. The default is 99.9.")
    if not 0 <= start < 1:
        raise RanvierError(f"--start {start:g}: must lie in [0, 1), as a share of the threshold. The default is 0.5.")
    made = {
        "percentile": lambda: Percentile(percentile),
        "channels": lambda: Percentile(percentile, channelwise=True),
        "max": MaxActivation,
        "model": ModelBased,
        "balance": lambda: ThresholdBalancing(steps),
    }
    return {
        "normalise": made[normalise](),
        "reset": Subtract() if reset == "soft" else ToValue(),
        "start": start,
        "input": ConstantCurrent() if input_ == "current" else BernoulliSpikes(seed),
    }


def _prepared(samples: Samples, mean: str | None, std: str | None) -> Tensor:
    """Pictures [n, C, H, W] as the network was trained on them."""
    x = torch.as_tensor(samples.x)
    for option, text in (("--mean", mean), ("--std", std)):
        if text is None:
            continue
        try:
            values = torch.tensor([float(number) for number in text.split(",")])
        except ValueError:
            values = torch.empty(0)
        if (
            len(values) not in (1, x.shape[1])
            or not bool(torch.isfinite(values).all())
            or option == "--std"
            and not bool((values > 0).all())
        ):
            raise RanvierError(
                f"{option} {text}: expected one number, or {x.shape[1]} with commas between, one a channel"
                f"{', above 0' if option == '--std' else ''}. Write for example {option} 0.5."
            )
        values = values.view(-1, 1, 1)
        x = x - values if option == "--mean" else x / values
    return x


def _check_fit(network: torch.nn.Module, x: Tensor, samples: Samples) -> None:
    """Refuses a network that does not take such pictures, or has fewer outputs than there are classes."""
    try:
        with torch.no_grad():
            output = network(x)
    except (RuntimeError, ValueError) as error:
        raise RanvierError(
            f"{samples.name}: the network does not take its images of shape {tuple(x.shape[1:])} (channels, height, width): "
            f"{str(error).splitlines()[0]}. Give the images it was trained on; a fully connected network begins with Flatten()."
        ) from error
    if output.dim() != 2 or output.shape[1] < len(samples.classes):
        raise RanvierError(
            f"{samples.name}: has {len(samples.classes)} classes, the network gives output of shape {tuple(output.shape[1:])} a sample; expected one "
            "number a class. Give the set it was trained on."
        )

"""The run folder: what a training leaves behind, and how it is found again.

config.json           format, model, recipe, where the samples came from, how they were split
weights.safetensors   weights of the network, or
reservoir.safetensors the fitted reservoir
metrics.json/.csv     one row an epoch, and the final figures
checkpoint.ckpt       everything that `--resume` needs; removed when training has ended
report.html           the report
"""

import csv
import io
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.torch

import ranvier
from ranvier.errors import RanvierError
from ranvier.files import write_atomic
from ranvier.layers import Sequential
from ranvier.reservoirs import load
from ranvier.training.network import build
from ranvier.training.recipe import Recipe

FORMAT = 2
NETWORK = "network"  # the model that `build` makes of a recipe
CONFIG, WEIGHTS, CHECKPOINT, REPORT = "config.json", "weights.safetensors", "checkpoint.ckpt", "report.html"
RESERVOIR = "reservoir.safetensors"


@dataclass(frozen=True)
class Source:
    """Where samples come from and how they are split, as typed on the command line."""

    source: str
    data: str | None = None
    split: str | None = None
    strict: bool = False


@dataclass(frozen=True)
class RunFolder:
    """A folder and what its config says. model: as typed behind `--model`."""

    path: Path
    recipe: Recipe
    source: Source
    command: str
    model: str = NETWORK

    @staticmethod
    def create(
        out: str | None,
        recipe: Recipe,
        source: Source,
        command: str,
        model: str = NETWORK,
        settings: Mapping[str, str] | None = None,
    ) -> "RunFolder":
        """Makes the folder (by default runs/NAME-TIME) and writes its config. A folder that holds something is refused.

        settings: arguments of a model that is not made from the recipe, for readers; the model's own file has them too.
        """
        name = Path(source.source).name or "run"
        path = Path(out) if out else Path("runs") / f"{name}-{time.strftime('%Y%m%d-%H%M%S')}"
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise RanvierError(
                f"--out {path}: already holds something, expected a new or empty folder. "
                f"Give another name, or continue that run with `ranvier train --resume {path}`."
            )
        run = RunFolder(path, recipe, source, command, model)
        config = {
            "format": FORMAT,
            "ranvier": ranvier.__version__,
            "command": command,
            "source": asdict(source),
            "model": model,
            "recipe": recipe.as_dict() if run.holds_network else recipe.samples,
            **({} if settings is None else {"settings": dict(settings)}),
        }
        write_atomic(path / CONFIG, json.dumps(config, indent=2))
        return run

    @staticmethod
    def open(path: str | Path) -> "RunFolder":
        """Reads a run folder's config. Raises `RanvierError` where it is no run folder, is corrupt, or is newer than this version."""
        folder = Path(path)
        if not (folder / CONFIG).is_file():
            raise RanvierError(
                f"{folder}: no run folder (it has no {CONFIG}). Give the folder that `ranvier train` wrote, such as runs/spoken-digits-..."
            )
        try:
            config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
            made, written = config["format"], config["ranvier"]
            if made > FORMAT:
                raise RanvierError(
                    f"{folder}: written by ranvier {written} (run format {made}); this is ranvier {ranvier.__version__} "
                    f"(format {FORMAT}). Update with `pip install -U ranvier`."
                )
            model = config.get("model", NETWORK)
            if not isinstance(model, str):
                raise TypeError(f"model must be a name, got {model!r}")
            recipe = (Recipe.from_dict if model == NETWORK else Recipe.of_samples)(config["recipe"])
            return RunFolder(folder, recipe, Source(**config["source"]), config["command"], model)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise RanvierError(f"{folder / CONFIG}: corrupt ({error}). Train again, or restore the file.") from error

    @property
    def holds_network(self) -> bool:
        """Whether the model is a network that was trained by gradients; else it is one of `training.reservoirs`."""
        return self.model == NETWORK

    @property
    def noun(self) -> str:
        """What a sentence calls the model."""
        return "network" if self.holds_network else "model"

    def save_weights(self, state: Mapping[str, Any]) -> None:
        """Writes the weights of a network."""
        tensors = {k: v.detach().contiguous() for k, v in state.items()}
        write_atomic(self.path / WEIGHTS, safetensors.torch.save(tensors))

    def network(self) -> Sequential:
        """The trained network, in evaluation mode. Raises `RanvierError` where the run has another model."""
        if not self.holds_network:
            raise RanvierError(
                f"{self.path}: holds a reservoir (--model {self.model}); this verb needs a network, which `ranvier train` without --model makes. "
                f"A reservoir can be used with `ranvier predict`, `evaluate`, `report` and `energy`, and in Python by "
                f"`rv.reservoirs.load({str(self.path / RESERVOIR)!r})`."
            )
        file = self.path / WEIGHTS
        if not file.is_file():
            raise RanvierError(
                f"{self.path}: no {WEIGHTS}: this run ended before its first epoch did. "
                f"Continue it with `ranvier train --resume {self.path}`."
            )
        net = build(self.recipe)
        try:
            net.load_state_dict(safetensors.torch.load(file.read_bytes()))
        except (safetensors.SafetensorError, RuntimeError, ValueError) as error:
            short = str(error).splitlines()[0]
            raise RanvierError(
                f"{file}: corrupt or of another network ({short}). Train again, or restore the file."
            ) from error
        return net.eval()

    def reservoir(self) -> Any:
        """The fitted reservoir, as `training.reservoirs` left it.

        Raises `RanvierError` where its file is missing or damaged, or of another run.
        """
        file = self.path / RESERVOIR
        if not file.is_file():
            raise RanvierError(
                f"{self.path}: no {RESERVOIR}: this run ended before its fit did, or the file was taken away. A fit is one step and begins "
                f"anew: type its command again, `{self.command}`, with another --out, or restore the file."
            )
        model = load(file)
        wanted, known = self.recipe.shape[-1], len(self.recipe.classes)
        try:  # steps of nothing, as few as there can be, show whether all of it is there
            classes = [int(k) for k in model.classes_]
            output = np.asarray(model.decision_function([np.zeros((model._least_washout() + 1, wanted))]))
            if output.size != (len(classes) if len(classes) > 2 else 1) or not set(classes) <= set(range(known)):
                raise ValueError(f"its classes are {classes}, the run has {known}")
        except (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError) as error:
            raise RanvierError(
                f"{file}: damaged or of another run ({error}). Restore the file, or fit again with `{self.command}` and another --out."
            ) from error
        return model

    def save_metrics(self, history: Sequence[Mapping[str, Any]], final: Mapping[str, Any]) -> None:
        """Writes metrics.json (epochs and final figures) and metrics.csv (epochs)."""
        write_atomic(self.path / "metrics.json", json.dumps({"epochs": list(history), "final": dict(final)}, indent=2))
        rows = [
            {**{k: v for k, v in row.items() if k != "rates"}, **{f"rate {k}": v for k, v in row["rates"].items()}}
            for row in history
        ]
        text = io.StringIO()
        writer = csv.DictWriter(text, fieldnames=list(rows[0]) if rows else ["epoch"])
        writer.writeheader()
        writer.writerows(rows)
        write_atomic(self.path / "metrics.csv", text.getvalue())

    def metrics(self) -> dict[str, Any]:
        """The content of metrics.json; empty lists where there is none yet."""
        file = self.path / "metrics.json"
        if not file.is_file():
            return {"epochs": [], "final": {}}
        try:
            found = json.loads(file.read_text(encoding="utf-8"))
            return {"epochs": found["epochs"], "final": found["final"]}
        except (ValueError, KeyError, TypeError) as error:
            raise RanvierError(
                f"{file}: corrupt ({error}). Delete it and type `ranvier report {self.path}`."
            ) from error

"""The Lightning module: one training step, the running average of the weights, one row of history an epoch."""

import copy
import time
import warnings
from collections.abc import Callable
from typing import Any

import lightning
import torch
from torch import Tensor
from torchmetrics.classification import MulticlassAccuracy

from ranvier.layers import Sequential
from ranvier.training import scoring
from ranvier.training.health import diagnose
from ranvier.training.inputs import Batches, Inputs, epoch_seed
from ranvier.training.measure import measure, population_names
from ranvier.training.recipe import Recipe

EARLY = 5  # batches after which the layers are looked at again


class Classifier(lightning.LightningModule):
    """A network under training. `average` is what is evaluated and kept."""

    def __init__(
        self,
        recipe: Recipe,
        net: Sequential,
        batches: Batches,
        inputs: Inputs,
        test: Any,
        on_epoch: Callable[["Classifier"], None],
        on_batch: Callable[["Classifier", int], None],
    ) -> None:
        super().__init__()
        self.recipe, self.net, self.average = recipe, net, copy.deepcopy(net)
        self.batches, self.inputs, self.test = batches, inputs, test
        self.on_epoch, self.on_batch = on_epoch, on_batch
        self.history: list[dict[str, Any]] = []
        self.warnings: list[str] = []
        self.begun = False  # whether a checkpoint, if any, has been read
        self.names = population_names(net)
        self.accuracy = MulticlassAccuracy(len(recipe.classes), average="micro")
        self._rates: dict[str, Tensor] = {}
        self._loss, self._seen, self._started = 0.0, 0, 0.0

    def configure_optimizers(self) -> Any:
        constants = [p for n, p in self.net.named_parameters() if ".log_" in n]
        others = [p for n, p in self.net.named_parameters() if ".log_" not in n]
        groups = [
            {"params": others, "weight_decay": self.recipe.weight_decay},
            {"params": constants, "weight_decay": 0.0},
        ]
        optimizer = torch.optim.AdamW(groups, lr=self.recipe.learning_rate)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            self.recipe.learning_rate,
            total_steps=len(self.batches) * self.recipe.epochs,
            pct_start=0.15,
            div_factor=10,
            final_div_factor=100,
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def on_train_start(self) -> None:
        self.begun = True

    def on_train_epoch_start(self) -> None:
        self.batches.epoch = self.current_epoch
        torch.manual_seed(epoch_seed(self.recipe.seed + 1, self.current_epoch))  # of dropout
        self._rates, self._loss, self._seen = {}, 0.0, 0
        self._started = time.perf_counter()
        self.accuracy.reset()

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        x, y = batch
        done = self.net.run(x, record=("rate",))
        if not bool(torch.isfinite(done.output).all()):  # the loss would refuse it without saying which layer it was
            self._warn([f.text for f in diagnose(self.net, x)])
            raise FloatingPointError("the output of the network became NaN or infinite")
        value = scoring.loss(self.recipe, done.output, y)
        with torch.no_grad():
            for k, name in self.names.items():
                if self.net.layers[k] is not self.net.layers[-1]:
                    self._rates[name] = self._rates.get(name, torch.zeros(())) + done.records[f"{k}.rate"]
            self.accuracy.update(scoring.probability(self.recipe, done.output.detach()), y)
        self._loss += float(value.detach())
        self._seen += 1
        if self.current_epoch == 0 and batch_idx in (0, EARLY):
            self._warn([f.text for f in diagnose(self.net, x)])
        self.on_batch(self, batch_idx)
        return value

    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:
        super().optimizer_step(*args, **kwargs)
        step = self.global_step
        decay = min(self.recipe.average, (1 + step) / (10 + step))
        with torch.no_grad():
            for kept, now in zip(self.average.parameters(), self.net.parameters(), strict=True):
                kept.lerp_(now, 1 - decay)

    def on_train_epoch_end(self) -> None:
        if not all(bool(torch.isfinite(p).all()) for p in self.average.parameters()):
            raise FloatingPointError("the weights became NaN or infinite. Lower the learning rate")
        tested = measure(self.average, self.inputs, self.test, self.recipe)
        self.history.append(
            {
                "epoch": self.current_epoch + 1,
                "loss": self._loss / max(1, self._seen),
                "accuracy": float(self.accuracy.compute()),
                "test_accuracy": tested.accuracy(self.inputs.y.numpy()[self.test]),
                "seconds": time.perf_counter() - self._started,
                "rates": {name: float(total) / max(1, self._seen) for name, total in self._rates.items()},
            }
        )
        self.on_epoch(self)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["history"], checkpoint["warnings"] = self.history, self.warnings

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.history, self.warnings = checkpoint["history"], checkpoint["warnings"]

    def _warn(self, texts: list[str]) -> None:
        for text in texts:
            if text.split(":")[0] not in {w.split(":")[0] for w in self.warnings}:
                self.warnings.append(text)
                warnings.warn(text, stacklevel=2)

"""Training from start or from a checkpoint, with Lightning."""

import io
import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.plugins.io import TorchCheckpointIO

from ranvier.errors import RanvierError
from ranvier.files import write_atomic
from ranvier.stopping import Stop
from ranvier.training.inputs import Batches, Inputs
from ranvier.training.module import Classifier
from ranvier.training.network import build
from ranvier.training.runs import CHECKPOINT, RunFolder


class _AtomicCheckpoints(TorchCheckpointIO):
    """Checkpoints that are whole or absent, whenever the process is killed."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        content = io.BytesIO()  # given a path, torch reports a full disk as an internal error of its own
        torch.save(checkpoint, content)
        write_atomic(path, content.getvalue())


class _EveryEpoch(Checkpoint):
    """Writes weights, metrics and checkpoint after every epoch, in this order: what `--resume` finds is never ahead of the rest.

    Lightning calls a `Checkpoint` after the module's own end of an epoch, other callbacks before it: the row of this epoch is kept too.
    """

    def __init__(self, run: RunFolder) -> None:
        self.run = run

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        assert isinstance(pl_module, Classifier)
        self.run.save_weights(pl_module.average.state_dict())
        self.run.save_metrics(pl_module.history, {})
        trainer.save_checkpoint(self.run.path / CHECKPOINT)


def fit(
    run: RunFolder,
    inputs: Inputs,
    train: np.ndarray,
    test: np.ndarray,
    *,
    resume: bool = False,
    on_epoch: Callable[[Classifier], None] = lambda module: None,
    on_batch: Callable[[Classifier, int], None] = lambda module, index: None,
) -> Classifier:
    """Trains the network of a run's recipe on the samples `train`; after each epoch the run folder holds what can be kept.

    With resume, it continues from the folder's checkpoint (from the start if there is none yet). The same seed gives the same
    weights, bit for bit, with the same number of threads, resumed or not. Raises KeyboardInterrupt on Ctrl-C, after the batch; on a second one at once.
    """
    recipe = run.recipe
    batches = Batches(inputs, train, recipe)
    net = build(recipe).eval()  # without dropout, whose masks no seed decides yet
    net.calibrate(next(iter(batches))[0])
    net.train()
    stop = Stop()

    def after_batch(module: Classifier, index: int) -> None:
        if stop.asked:
            raise KeyboardInterrupt
        on_batch(module, index)

    module = Classifier(recipe, net, batches, inputs, test, on_epoch, after_batch)
    checkpoint = run.path / CHECKPOINT
    continued = resume and checkpoint.is_file()
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.ERROR)
    with warnings.catch_warnings(), stop:
        warnings.filterwarnings("ignore", module="lightning")
        trainer = lightning.Trainer(
            accelerator="cpu",
            devices=1,
            max_epochs=recipe.epochs,
            gradient_clip_val=5.0,
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            num_sanity_val_steps=0,
            plugins=[_AtomicCheckpoints()],
            callbacks=[_EveryEpoch(run)],
        )
        try:
            begun = str(checkpoint) if continued else None
            trainer.fit(module, train_dataloaders=batches, ckpt_path=begun, weights_only=True)  # data, never code
        except SystemExit as error:  # Lightning turns Ctrl-C into an exit
            raise KeyboardInterrupt from error
        except FloatingPointError as error:
            raise RanvierError(f"training stopped: {error}. {' '.join(module.warnings)}") from error
        except Exception as error:  # reading a broken file can raise anything
            if continued and not module.begun:
                reason = (str(error) or type(error).__name__).splitlines()[0]
                raise RanvierError(
                    f"{checkpoint}: cannot be continued ({reason}). "
                    f"Delete it and type `ranvier train --resume {run.path}` to start this run anew."
                ) from error
            raise
    if stop.asked:  # after the last batch
        raise KeyboardInterrupt
    return module


def finished(run: RunFolder) -> bool:
    """Whether a run has all its epochs and its final figures."""
    return bool(run.metrics()["final"]) and not Path(run.path / CHECKPOINT).exists()

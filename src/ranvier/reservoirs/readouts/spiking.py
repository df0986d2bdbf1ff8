"""A readout of spiking neurons, one a class."""

from typing import Any

import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor, nn

from ranvier.neurons.lif import LIF
from ranvier.reservoirs.readouts.ridge_classifier import RidgeClassifier
from ranvier.units import ms

SHARPNESS = 10.0  # logits are the share of steps with a spike times this
ROWS = 4096  # that go through the neurons at once


class SpikingReadout(ClassifierMixin, BaseEstimator):
    """A spiking classifier: a LIF neuron a class gets W x + b as its current for some steps; the class that fires most wins.

    x is a row, each column brought to mean 0 and deviation 1 over the training rows. Among classes that fire equally often the membrane potential after the
    last step decides. W and b start from ridge regression, so that a neuron gets twice the current that would just fire it for its own class and none for the
    others, and are then trained by surrogate gradients (`rv.LIF` and its surrogate) on cross entropy of the firing rates.

    Args:
        steps: time steps a row. tau_mem: of the neurons [s]. dt: of a step [s].
        epochs: times through the training rows after the start from ridge regression; 0 for none. batch: rows a step of Adam. learning_rate: of Adam.
        alpha: penalty of that ridge regression, as in `RidgeClassifier`.
        random_state: seed of the order of rows.

    Attributes:
        classes_: labels. coef_: [classes, N], intercept_: [classes], of standardised columns (mean_, scale_: [N]).

    Raises:
        ValueError: labels of one class only, arguments out of range.

    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(40, 3))
    >>> SpikingReadout(alpha=1.0).fit(x, x[:, 0] > 0).score(x, x[:, 0] > 0) > 0.9
    True
    """

    def __init__(
        self,
        *,
        steps: int = 20,
        tau_mem: float = 10 * ms,
        dt: float = 1 * ms,
        epochs: int = 20,
        batch: int = 64,
        learning_rate: float = 1e-3,
        alpha: Any = None,
        random_state: int = 0,
    ) -> None:
        self.steps = steps
        self.tau_mem = tau_mem
        self.dt = dt
        self.epochs = epochs
        self.batch = batch
        self.learning_rate = learning_rate
        self.alpha = alpha
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> "SpikingReadout":
        """X: [n, N], rows; y: [n], labels."""
        for name, least in (("steps", 1), ("epochs", 0), ("batch", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"SpikingReadout: {name} must be at least {least}, got {getattr(self, name)}.")
        if not self.learning_rate > 0:
            raise ValueError(f"SpikingReadout: learning_rate must be above 0, got {self.learning_rate}.")
        found: Any = validate_data(self, X, y, dtype=np.float64)
        rows, labels = found
        check_classification_targets(labels)
        self.mean_, deviation = rows.mean(0), rows.std(0)
        self.scale_ = np.where(deviation > 0, deviation, 1.0)
        x = torch.from_numpy((rows - self.mean_) / self.scale_)
        start = RidgeClassifier(self.alpha).fit(x.numpy(), labels)
        self.classes_ = start.classes_
        goal = torch.from_numpy(np.unique(labels, return_inverse=True)[1])
        weight = torch.from_numpy(start.coef_.copy()).requires_grad_()
        bias = torch.from_numpy(start.intercept_ + 1.0).requires_grad_()
        optimiser = torch.optim.Adam([weight, bias], self.learning_rate)
        neurons, order = self._neurons(), np.random.default_rng(self.random_state)
        for _ in range(self.epochs):
            for part in torch.from_numpy(order.permutation(len(x))).split(self.batch):
                spikes = neurons(self._currents(x[part], weight, bias))
                loss = nn.functional.cross_entropy(SHARPNESS * spikes.mean(0), goal[part])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
        self.coef_, self.intercept_ = weight.detach().numpy(), bias.detach().numpy()
        return self

    @torch.no_grad()
    def spikes(self, X: Any) -> np.ndarray:
        """How often each neuron fires, [n, classes]."""
        return np.floor(self._activity(X))

    def decision_function(self, X: Any) -> np.ndarray:
        """Spikes of each class plus a share below 1, that of its potential, [n, classes]; of two classes the second minus the first, [n]."""
        found = self._activity(X)
        return found[:, 1] - found[:, 0] if len(self.classes_) == 2 else found

    def predict(self, X: Any) -> np.ndarray:
        """Labels, [n]."""
        found = self._activity(X)  # refuses before the fit
        return self.classes_[found.argmax(1)]

    @torch.no_grad()
    def _activity(self, X: Any) -> np.ndarray:
        check_is_fitted(self, "coef_")
        rows: Any = validate_data(self, X, reset=False, dtype=np.float64)
        x = torch.from_numpy((rows - self.mean_) / self.scale_)
        weight, bias, neurons, found = (
            torch.from_numpy(self.coef_),
            torch.from_numpy(self.intercept_),
            self._neurons(),
            [],
        )
        for part in x.split(ROWS):
            run = neurons.run(self._currents(part, weight, bias))
            found.append(run.output.sum(0) + run.state["v"].sigmoid().clamp(max=1 - 1e-9))
        return torch.cat(found).numpy()

    def _neurons(self) -> LIF:
        return LIF(tau_mem=self.tau_mem, dt=self.dt)

    def _currents(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """[steps, n, classes]."""
        return (x @ weight.T + bias).unsqueeze(0).expand(self.steps, -1, -1)

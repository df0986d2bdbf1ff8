"""What all reservoirs share: the scikit-learn estimator around something that turns sequences into states."""

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, clone, is_classifier, is_regressor
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import ClassifierTags, RegressorTags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ranvier.neurons.verbs import Verbs
from ranvier.reservoirs import fitting, free_run, reading
from ranvier.reservoirs.layer import ReservoirLayer
from ranvier.reservoirs.pooling import Pooling
from ranvier.reservoirs.readouts.force import FORCE
from ranvier.reservoirs.readouts.ridge import Ridge
from ranvier.reservoirs.readouts.ridge_classifier import RidgeClassifier
from ranvier.reservoirs.sequences import Ragged, sequence_targets, step_targets


class ReservoirRun(NamedTuple):
    """Result of `run`: states [T, N] and output [T, K] of every sequence in the form of the input, and the state to go on from."""

    states: Any
    output: Any
    state: Any


def _has(method: str) -> Callable[[Any], bool]:
    """Whether a reservoir's readout has a method, before and after the fit."""
    return lambda model: hasattr(
        getattr(model, "readout_", RidgeClassifier() if model.readout is None else model.readout), method
    )


OBJECTS = {
    "readout": ("fit", "Ridge(1e-6)"), "pooling": ("__call__", "Last()"), "topology": ("draw", "Cycle()"),
    "plasticity": ("deviation", "IntrinsicPlasticity()"), "code": ("spikes", "Counts()"), "wiring": ("draw", "NCP(8, 8, 4)"),
}  # fmt: skip
"""Arguments that are objects: what each can do, and one of them."""


@dataclass(kw_only=True, eq=False, repr=False)
class Reservoir(BaseEstimator):
    """Base of reservoirs. A subclass draws its fixed weights and scans sequences; fitting, pooling and readout are here.

    Its arguments are the fields of a dataclass, and those below are every reservoir's. A subclass adds fields (one that it fixes is
    `field(default=..., init=False)`), defines `_draw` and `_scan`, and may define `_adapt`, what it learns without targets, and `_train`, what
    it learns from them before the readout does.

    **X**: a list of sequences [T, features] (or [T]) of any length, an array [n, T, features], or a matrix. A matrix is one series [T,
    features] where there is no pooling, and n sequences of one feature [n, T] where there is.

    **y**: a value or label for every step (series out), or, with pooling, one for every sequence.

    readout: any regressor or classifier of scikit-learn, or of `reservoirs.readouts`; None: `RidgeClassifier` for labels (text, whole
    numbers, truth values), `Ridge` else. scikit-learn takes the reservoir for what its readout is. Where y has a value for every step and states
    take more than 256 MB, they are learned in stretches: by scikit-learn's readouts in one pass, in the order of time (`partial_fit`).
    pooling: how the states of a sequence become one row (`Last()`, `Mean()`, `Equidistant(3)`, `All()`); None: `Last()` where y has one
    value a sequence, and no pooling else.
    washout: first steps of every sequence that are neither fitted, pooled nor scored: they still show the state at the start.
    read_input: whether the readout sees the input beside the states. standardise: whether features are brought to mean 0 and deviation 1 of
    the training steps. random_state: seed; the same seed gives the same reservoir, on any number of threads.
    """

    readout: Any = None
    pooling: Pooling | None = None
    washout: int = 0
    read_input: bool = False
    standardise: bool = False
    random_state: Any = 0
    feedback: bool = field(default=False, init=False)  # whether the output enters the reservoir

    # pooling where none is given; readouts and targets of further tasks on the same states (see `Several`); what helps where states, and where free
    # runs, diverge
    _own_pooling: ClassVar[Pooling | None] = None
    _others: ClassVar[Sequence[tuple[Any, Any]]] = ()
    _calmed: ClassVar[str] = "Bring X to a smaller scale, for example with standardise=True."
    _steadied: ClassVar[str] = "Regularise the readout (a larger alpha)."

    # what a subclass defines

    def _draw(self, inputs: int) -> None:
        """Draws the fixed weights for so many inputs (features and outputs fed back); sets attributes that end in an underscore."""
        raise TypeError(f"{type(self).__name__} defines no _draw(self, inputs).")

    def _scan(self, rows: np.ndarray, start: np.ndarray, state: Any, noise: Any = None) -> tuple[np.ndarray, Any]:
        """States after every step [steps, N], and the state to go on from. rows, start: see `Ragged`. state: None for rest.

        noise: a random generator while fitting, None else.
        """
        raise TypeError(f"{type(self).__name__} defines no _scan(self, rows, start, state, noise).")

    def _scan_only(self, rows: np.ndarray, start: np.ndarray, noise: Any) -> np.ndarray:
        """States from rest, where nobody goes on from the end; for reservoirs whose state to go on from is large."""
        return self._scan(rows, start, None, noise)[0]

    def _adapt(self, rows: np.ndarray, start: np.ndarray) -> None:
        """Learns from the training input alone, before the readout."""

    def _train(self, rows: np.ndarray, x: Ragged, targets: np.ndarray) -> None:
        """Learns from the training input and its targets, before the readout; `pooling_`, `readout_` and `classes_` are settled."""

    @property
    def _columns(self) -> int:
        """N, the states of a step that a readout sees (its own inputs beside them not counted)."""
        raise TypeError(f"{type(self).__name__} defines no _columns.")

    def _least_washout(self) -> int:
        """First steps of which a state is never complete."""
        return 0

    # the estimator

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.three_d_array = True
        if self.readout is not None and is_classifier(self.readout):
            tags.estimator_type, tags.classifier_tags = "classifier", ClassifierTags()
        elif self.readout is not None and is_regressor(self.readout):
            tags.estimator_type, tags.regressor_tags = "regressor", RegressorTags()
            tags.target_tags.multi_output = self.readout.__sklearn_tags__().target_tags.multi_output
        return tags

    def fit(self, X: Any, y: Any) -> Any:
        """Draws the reservoir, runs the sequences X through it, and fits the readout to y. See the class for X and y.

        Raises:
            ValueError: NaN in X or y, sequences shorter than the washout, targets that do not match, labels of one class only, arguments
                out of range, states that are not finite.

        Warns:
            where the reservoir does not forget its start, states are of less than full rank without a penalty, or targets are constant.

        Where an error or Ctrl-C ends it, the reservoir is as it was before.
        """
        before = dict(vars(self))
        try:
            x, targets = self._settle(X, y)
            back = int(np.prod(targets.shape[1:])) if self.feedback else 0
            rows = self._scaled(x.rows)
            self._draw(x.features + back)
            driven = rows if not back else np.hstack([rows, reading.delayed(targets.astype(np.float64), x)])
            self._adapt(driven, x.start)
            self._train(driven, x, targets)
            noise = self._noise()
            tasks = [(self, targets), *(self._beside(X, readout, wanted) for readout, wanted in self._others)]
            if isinstance(self.readout_, FORCE):
                free_run.learn(self, rows, x, targets.astype(np.float64))
            elif self.pooling_ is not None:
                pooled = fitting.pooled_rows(self, driven, x, noise)
                for model, wanted in tasks:
                    fitting.fit_readout(model, pooled, wanted, None)
            else:
                fitting.fit_steps(tasks, driven, x, noise)
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise
        return self

    def _settle(self, X: Any, y: Any) -> tuple[Ragged, np.ndarray]:
        """Sequences and targets of a fit, checked; and what follows from them before anything is drawn."""
        self._check_arguments()
        x, y = self._training(X, y)
        self.features_ = x.features
        many = self.pooling_ is not None
        targets = sequence_targets(self._name, x, y) if many else step_targets(self._name, x, y)
        self._check_lengths(x)
        self._set_scale(x)
        self.readout_ = self._chosen_readout(targets)
        if is_classifier(self.readout_):
            self.classes_ = reading.check_classes(self._name, targets)
        if self.feedback and (many or is_classifier(self.readout_)):
            raise ValueError(
                f"{self._name}: feedback needs a number a step as target. Leave pooling out, or use feedback=False."
            )
        if isinstance(self.readout_, FORCE) and not self.feedback:
            raise ValueError(
                f"{self._name}: FORCE trains the loop through the output. Give feedback=True, or use RLS()."
            )
        self.outputs_shape_ = () if many else targets.shape[1:]
        return x, targets

    def _beside(self, X: Any, readout: Any, y: Any) -> tuple["Reservoir", np.ndarray]:
        """This reservoir with another readout, which is fitted in place, and its targets."""
        other = self._with(readout)
        other.readout = readout
        _, targets = other._settle(X, y)
        if (other.pooling_ is None) != (self.pooling_ is None):
            raise ValueError(
                f"{self._name}: one task has a target a step, another one a sequence. Give all tasks targets of the same kind."
            )
        other.readout_ = readout
        return other, targets

    def _with(self, readout: Any) -> "Reservoir":
        """This reservoir with another fitted readout."""
        other = copy(self)
        other.readout_ = readout
        return other

    def predict(self, X: Any) -> Any:
        """Output for X, in its form: a value for every step, or for every sequence where there is pooling.

        About 256 MB of states are held at once, of however many steps. A pooling other than `Last`, `Mean` and `Equidistant` gets all states of a
        sequence, however long that is.
        """
        x = self._given(X)
        if self.feedback:
            return x.as_given(fitting.fed_back(self, x).reshape(len(x.rows), *self.outputs_shape_))
        return self._asked(x, self._output)

    @available_if(_has("decision_function"))
    def decision_function(self, X: Any) -> Any:
        """The readout's own `decision_function`; there is none where the readout has none."""
        return self._asked(self._given(X), self.readout_.decision_function)

    @available_if(_has("predict_proba"))
    def predict_proba(self, X: Any) -> Any:
        """The readout's own `predict_proba`; there is none where the readout has none."""
        return self._asked(self._given(X), self.readout_.predict_proba)

    def _asked(self, x: Ragged, reader: Callable[[np.ndarray], np.ndarray]) -> Any:
        """What a reader makes of the rows that the readout gets, in the form of X."""
        (found,) = self._each_read(x, [reader])
        return found if self.pooling_ is not None else x.as_given(found)

    def _each_read(self, x: Ragged, readers: Sequence[Callable[[np.ndarray], np.ndarray]]) -> list[np.ndarray]:
        """What each reader makes of these rows, one sequence behind the other; their states are never held all at once."""
        self._refuse_feedback()
        if self.pooling_ is not None:
            self._check_lengths(x)
        return fitting.read(self, x, readers)

    def score(self, X: Any, y: Any) -> float:
        """Share of right labels, or R^2; over steps after the washout, or over sequences where there is pooling."""
        x = self._given(X)
        if self.pooling_ is not None:
            output, targets = self.predict(X), sequence_targets(self._name, x, y)
        else:
            self._check_lengths(x)
            kept = self._kept(x)
            found = self.predict(X)
            output = (
                np.concatenate(found)
                if x.form == "list"
                else found.reshape(len(x.rows), *found.shape[2 - (x.form == "series") :])
            )
            output, targets = output[kept], step_targets(self._name, x, y)[kept]
        return float(accuracy_score(targets, output) if is_classifier(self.readout_) else r2_score(targets, output))

    def rows(self, X: Any) -> np.ndarray:
        """The rows that the readout gets: states of every step, one sequence behind the other, or one pooled row a sequence."""
        x = self._given(X)
        rows = self._scaled(x.rows)
        if self.pooling_ is not None:
            self._check_lengths(x)
            return fitting.pooled_rows(self, rows, x, None)
        return self._design(self._states(x, None)[0], rows)

    def layer(self) -> Verbs:
        """The fitted reservoir as a layer of a trained network, through which no gradient flows; see `ReservoirLayer`."""
        check_is_fitted(self, "readout_")
        return ReservoirLayer(self)

    def states(self, X: Any) -> Any:
        """States [T, N] of every sequence from rest, in the form of X."""
        x = self._given(X)
        return x.as_given(self._states(x, None)[0])

    def run(self, X: Any, state: Any = None) -> ReservoirRun:
        """States and output of every step, from `state` (rest if None): run(100 steps) is run(50) and, from its state, run(50) again.

        With feedback the output enters the reservoir at the next step. With pooling there is no output of a step: None.
        """
        x = self._given(X)
        if self.feedback:
            states, output, after = free_run.follow(self, x, state)
            fitting.finite(self, states, x.start[:-1])
            return ReservoirRun(
                x.as_given(states), x.as_given(output.reshape(len(states), *self.outputs_shape_)), after
            )
        states, after = self._states(x, state)
        output = None
        if self.pooling_ is None:
            design = self._design(states, self._scaled(x.rows))
            output = x.as_given(fitting.in_tiles([design], [self._output])[0])
        return ReservoirRun(x.as_given(states), output, after)

    def generate(self, steps: int, warm: Any, *, teacher: Any = None, inputs: Any = None) -> Any:
        """A free run: what the reservoir makes of its own output.

        Without feedback the readout must have been fitted to the next value of the input; the output is then taken for the next input.
        With feedback the reservoir is held to `teacher` in the warm-up and then left alone.

        Args:
            steps: how many values.
            warm: X that leads up to the run: one series [T, F], or a list or array of several that are continued side by side.
            teacher: with feedback, y of the warm-up, in the form of a fit.
            inputs: with feedback, input of the free steps, [steps, F] or [n, steps, F]; None: the last of the warm-up is held.

        Returns:
            [steps, K] ([steps] where y was flat) that follow the last step of `warm`; [n, steps, ...] for several series.
        """
        x = self._given(warm)
        free = free_run.generate(self, steps, x, teacher, inputs)
        shaped = free.reshape(x.batch, steps, *self.outputs_shape_)
        return shaped[0] if x.form == "series" else shaped

    def __getstate__(self) -> Any:
        """Without `_built`, what is made anew from the parameters."""
        state: Any = super().__getstate__()
        return {**state, "_built": None} if "_built" in state else state

    # reading what was given

    @property
    def _name(self) -> str:
        return type(self).__name__

    def _check_arguments(self) -> None:
        for key, (does, example) in OBJECTS.items():
            value = getattr(self, key, None)
            if value is not None and (isinstance(value, type) or not hasattr(value, does)):
                raise TypeError(f"{self._name}: {key} must be an object such as {example}, got {value!r}.")
        if self.washout < 0:
            raise ValueError(f"{self._name}: washout must be at least 0 steps, got {self.washout}.")

    def _training(self, X: Any, y: Any) -> tuple[Ragged, Any]:
        """Sequences and targets of a fit; settles what pooling there is."""
        x, y, self.pooling_ = reading.of_fit(self, X, y)
        return x, y

    def _given(self, X: Any) -> Ragged:
        """Sequences of anything but a fit."""
        return reading.of_more(self, X)

    def _first(self) -> int:
        """The first step of a sequence that counts."""
        return max(self.washout, self._least_washout())

    def _check_lengths(self, x: Ragged) -> None:
        reading.check_lengths(self._name, x, self._first())

    def _kept(self, x: Ragged) -> np.ndarray:
        """Which steps come after the washout, [steps], bool."""
        step = np.arange(len(x.rows)) - np.repeat(x.start[:-1], x.lengths)
        return step >= self._first()

    def _set_scale(self, x: Ragged) -> None:
        """Mean and deviation that features are brought to 0 and 1 by; 0 and 1 themselves without `standardise`."""
        self.mean_, self.scale_ = np.zeros(x.features), np.ones(x.features)
        if self.standardise:
            self.mean_, deviation = x.rows.mean(0), x.rows.std(0)
            self.scale_ = np.where(deviation > 0, deviation, 1.0)

    def _scaled(self, rows: np.ndarray) -> np.ndarray:
        return (rows - self.mean_) / self.scale_ if self.standardise else rows

    # states

    def _noise(self) -> Any:
        return None

    def _design(self, states: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """What the readout reads: states, and the input beside them if asked for."""
        return np.hstack([states, rows[:, : self.features_]]) if self.read_input else states

    def _states(self, x: Ragged, state: Any) -> tuple[np.ndarray, Any]:
        self._refuse_feedback()
        states, after = self._scan(self._scaled(x.rows), x.start, state)
        return fitting.finite(self, states, x.start[:-1]), after

    def _refuse_feedback(self) -> None:
        if self.feedback:
            raise ValueError(f"{self._name}: with feedback states depend on the output. Use run(X).states.")

    # the readout

    def _wanted(self, design: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """What the readout is fitted to."""
        return targets

    def _chosen_readout(self, targets: np.ndarray) -> Any:
        if self.readout is not None:
            return clone(self.readout)
        return RidgeClassifier() if targets.dtype.kind in "OUSbiu" else Ridge()

    def _output(self, design: np.ndarray) -> np.ndarray:
        """The readout's output for rows that need no more checking."""
        fast = getattr(self.readout_, "_output", None)
        return fast(design) if fast is not None else self.readout_.predict(design)

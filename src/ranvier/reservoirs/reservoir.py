"""What all reservoirs share: the scikit-learn estimator around something that turns sequences into states."""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from sklearn.base import BaseEstimator, clone, is_classifier, is_regressor
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils import ClassifierTags, RegressorTags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from ranvier.reservoirs.pooling import Last, Pooling, pooled
from ranvier.reservoirs.readouts.force import FORCE
from ranvier.reservoirs.readouts.ridge import Ridge, RidgeClassifier
from ranvier.reservoirs.sequences import Ragged, is_list, of_list, of_rows, sequence_targets, step_targets

BYTES = 1 << 28  # of states that are held at once; longer memories go through in stretches


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
    numbers, truth values), `Ridge` else. scikit-learn takes the reservoir for what its readout is.
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
        """
        self._check_arguments()
        x, y = self._training(X, y)
        self.features_ = x.features
        many = self.pooling_ is not None
        targets = sequence_targets(self._name, x, y) if many else step_targets(self._name, x, y)
        self._check_lengths(x)
        self._set_scale(x)
        self.readout_ = self._chosen_readout(targets)
        if is_classifier(self.readout_):
            check_classification_targets(targets)
            self.classes_ = np.unique(targets)
            if len(self.classes_) < 2:
                raise ValueError(
                    f"{self._name}: y holds one class only ({self.classes_[0]!r}), expected two or more. Give sequences of other classes too."
                )
        if self.feedback and (many or is_classifier(self.readout_)):
            raise ValueError(
                f"{self._name}: feedback needs a number a step as target. Leave pooling out, or use feedback=False."
            )
        if isinstance(self.readout_, FORCE) and not self.feedback:
            raise ValueError(
                f"{self._name}: FORCE trains the loop through the output. Give feedback=True, or use RLS()."
            )
        back = int(np.prod(targets.shape[1:])) if self.feedback else 0
        self.outputs_shape_ = () if many else targets.shape[1:]
        rows = self._scaled(x.rows)
        self._draw(x.features + back)
        driven = rows if not back else np.hstack([rows, self._delayed(targets.astype(np.float64), x)])
        self._adapt(driven, x.start)
        self._train(driven, x, targets)
        noise = self._noise()
        if isinstance(self.readout_, FORCE):
            self._fit_force(rows, x, targets.astype(np.float64))
        elif many:
            self._fit_readout(self._pooled(driven, x, noise), targets, None)
        else:
            self._fit_steps(driven, x, targets, noise)
        return self

    def predict(self, X: Any) -> Any:
        """Output for X, in its form: a value for every step, or for every sequence where there is pooling."""
        x = self._given(X)
        if self.pooling_ is not None:
            self._check_lengths(x)
            return self._output(self._pooled(self._scaled(x.rows), x, None))
        return self.run(X).output

    @available_if(_has("decision_function"))
    def decision_function(self, X: Any) -> Any:
        """The readout's own `decision_function`; there is none where the readout has none."""
        return self._asked("decision_function", X)

    @available_if(_has("predict_proba"))
    def predict_proba(self, X: Any) -> Any:
        """The readout's own `predict_proba`; there is none where the readout has none."""
        return self._asked("predict_proba", X)

    def _asked(self, method: str, X: Any) -> Any:
        x = self._given(X)
        rows = getattr(self.readout_, method)(self.rows(X))
        return rows if self.pooling_ is not None else x.as_given(rows)

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
            return self._pooled(rows, x, None)
        return self._design(self._states(x, None)[0], rows)

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
            return self._closed(x, state)
        states, after = self._states(x, state)
        output = None
        if self.pooling_ is None:
            output = x.as_given(self._output(self._design(states, self._scaled(x.rows))))
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
        if self.pooling_ is not None:
            raise ValueError(f"{self._name}: generate needs an output a step. Leave pooling out.")
        width = int(np.prod(self.outputs_shape_))
        if not self.feedback and width != x.features:
            raise ValueError(
                f"{self._name}: generate takes the output for the next input, but there are {width} outputs and {x.features} features. "
                "Fit y = the next value of X, or use feedback=True."
            )
        ends = x.start[1:] - 1
        one = np.arange(x.batch + 1, dtype=np.int64)
        free = np.empty((x.batch, steps, width))
        rows = self._scaled(x.rows)
        if not self.feedback:
            state = self._scan(rows, x.start, None)
            last, state = state[0][ends], state[1]
            value = self._output(self._design(last, rows[ends])).reshape(x.batch, width)
            for t in range(steps):
                free[:, t] = value
                if t + 1 < steps:
                    entered = self._scaled(value)
                    last, state = self._scan(entered, one, state)
                    value = self._output(self._design(last, entered)).reshape(x.batch, width)
        else:
            if teacher is None:
                raise ValueError(
                    f"{self._name}: generate needs teacher=, the y of the warm-up, since the output is fed back."
                )
            forced = step_targets(self._name, x, teacher).astype(np.float64).reshape(-1, width)
            _, state = self._scan(np.hstack([rows, self._delayed(forced, x)]), x.start, None)
            value = forced[ends]
            outside = np.repeat(rows[ends][:, None], steps, 1)
            if inputs is not None:
                given = np.asarray(inputs, np.float64).reshape(-1, x.features)
                outside = self._scaled(given).reshape(-1, steps, x.features)
                outside = np.broadcast_to(outside, (x.batch, steps, x.features))
            for t in range(steps):
                last, state = self._scan(np.hstack([outside[:, t], value]), one, state)
                value = self._output(self._design(last, outside[:, t])).reshape(x.batch, width)
                free[:, t] = value
        if not np.isfinite(free).all() or np.abs(free).max() > 1e6:
            warnings.warn(
                f"{self._name}: the free run diverges. Regularise the readout (a larger alpha), train with noise=1e-6, or lower the spectral radius.",
                stacklevel=2,
            )
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
        if self.washout < 0:
            raise ValueError(f"{self._name}: washout must be at least 0 steps, got {self.washout}.")

    def _training(self, X: Any, y: Any) -> tuple[Ragged, Any]:
        """Sequences and targets of a fit; settles what pooling there is."""
        if y is None:
            raise ValueError(f"{self._name}: requires y to be passed, but the target y is None.")
        ragged = is_list(X) or getattr(X, "ndim", 2) == 3
        self.pooling_ = self.pooling
        if ragged:
            x = of_list(self._name, X)
            if self.pooling is None and _one_each(y, x.batch):
                self.pooling_ = Last()
            self.n_features_in_ = x.features
            return x, y
        several = is_classifier(self.readout) if self.readout is not None else True
        found: Any = validate_data(self, X, y, dtype=np.float64, multi_output=True, y_numeric=not several)
        X, y = found
        wide = y.ndim > 1 and (
            y.shape[1] > 1 if self.readout is None else self.__sklearn_tags__().target_tags.multi_output
        )
        return of_rows(X, self.pooling is not None), y if wide or y.ndim == 1 else column_or_1d(y, warn=True)

    def _given(self, X: Any) -> Ragged:
        """Sequences of anything but a fit."""
        check_is_fitted(self, "features_")
        if is_list(X) or getattr(X, "ndim", 2) == 3:
            x = of_list(self._name, X)
        else:
            if self.pooling_ is not None and self.features_ > 1:
                raise ValueError(
                    f"{self._name}: X is a matrix, but the sequences of the fit had {self.features_} features. Give a list: [X] for one sequence."
                )
            found: Any = validate_data(self, X, reset=False, dtype=np.float64)
            x = of_rows(found, self.pooling_ is not None)
        if x.features != self.features_:
            raise ValueError(
                f"{self._name}: X has {x.features} features, but {self._name} is expecting {self.features_} features as input."
            )
        return x

    def _check_lengths(self, x: Ragged) -> None:
        least = max(self.washout, self._least_washout())
        short = np.flatnonzero(x.lengths <= least)
        if len(short):
            raise ValueError(
                f"{self._name}: sequence {short[0]} has {x.lengths[short[0]]} steps, expected more than the washout of {least} "
                f"({len(short)} of {x.batch} are too short). Lower washout, or leave them out."
            )

    def _kept(self, x: Ragged) -> np.ndarray:
        """Which steps come after the washout, [steps], bool."""
        step = np.arange(len(x.rows)) - np.repeat(x.start[:-1], x.lengths)
        return step >= max(self.washout, self._least_washout())

    def _set_scale(self, x: Ragged) -> None:
        """Mean and deviation that features are brought to 0 and 1 by; 0 and 1 themselves without `standardise`."""
        self.mean_, self.scale_ = np.zeros(x.features), np.ones(x.features)
        if self.standardise:
            self.mean_, deviation = x.rows.mean(0), x.rows.std(0)
            self.scale_ = np.where(deviation > 0, deviation, 1.0)

    def _scaled(self, rows: np.ndarray) -> np.ndarray:
        return (rows - self.mean_) / self.scale_ if self.standardise else rows

    def _delayed(self, targets: np.ndarray, x: Ragged) -> np.ndarray:
        """Targets of the step before, [steps, K], zero in the first of every sequence: what teacher forcing feeds back."""
        flat = targets.reshape(len(targets), -1)
        before = np.vstack([np.zeros((1, flat.shape[1])), flat[:-1]])
        before[x.start[:-1]] = 0.0
        return before

    # states

    def _noise(self) -> Any:
        return None

    def _design(self, states: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """What the readout reads: states, and the input beside them if asked for."""
        return np.hstack([states, rows[:, : self.features_]]) if self.read_input else states

    def _states(self, x: Ragged, state: Any) -> tuple[np.ndarray, Any]:
        if self.feedback:
            raise ValueError(f"{self._name}: with feedback states depend on the output. Use run(X).states.")
        return self._checked(*self._scan(self._scaled(x.rows), x.start, state))

    def _checked(self, states: np.ndarray, after: Any) -> tuple[np.ndarray, Any]:
        """States that are finite."""
        if not np.isfinite(states[-1]).all() or not np.isfinite(states).all():
            first = int((~np.isfinite(states)).any(1).argmax())
            raise ValueError(
                f"{self._name}: the states diverge, they are not finite from step {first} on. Lower spectral_radius below 1 or input_scaling, "
                "or use activation='tanh'."
            )
        return states, after

    def _pooled(self, rows: np.ndarray, x: Ragged, noise: Any) -> np.ndarray:
        """One row a sequence, of blocks of sequences whose states fit the memory."""
        assert self.pooling_ is not None
        least, found = max(self.washout, self._least_washout()), []
        for first, last in self._blocks(x):
            start = x.start[first : last + 1] - x.start[first]
            part = rows[x.start[first] : x.start[last]]
            states, _ = self._checked(self._scan_only(part, start, noise), None)
            several = np.split(self._design(states, part), start[1:-1])
            found.append(pooled(self.pooling_, [one[least:] for one in several]))
        return np.concatenate(found)

    def _blocks(self, x: Ragged) -> Iterator[tuple[int, int]]:
        """Sequences first to last whose states fit the memory; at least one."""
        most, first = self._most_steps(), 0
        while first < x.batch:
            last = max(first + 1, int(np.searchsorted(x.start, x.start[first] + most, side="right")) - 1)
            yield first, last
            first = last

    def _most_steps(self) -> int:
        return max(1, BYTES // (8 * (self._columns + self.features_)))

    # the readout

    def _wanted(self, design: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """What the readout is fitted to."""
        return targets

    def _chosen_readout(self, targets: np.ndarray) -> Any:
        if self.readout is not None:
            return clone(self.readout)
        return RidgeClassifier() if targets.dtype.kind in "OUSbiu" else Ridge()

    def _fit_readout(self, design: np.ndarray, targets: np.ndarray, groups: np.ndarray | None) -> None:
        if isinstance(self.readout_, Ridge | RidgeClassifier):
            self.readout_.fit(design, self._wanted(design, targets), groups)
        else:
            self.readout_.fit(design, self._wanted(design, targets))

    def _fit_steps(self, driven: np.ndarray, x: Ragged, targets: np.ndarray, noise: Any) -> None:
        """Fits a target a step: at once where the states fit the memory, else in stretches if the readout can."""
        kept = self._kept(x)
        if len(driven) <= self._most_steps():
            states, _ = self._checked(*self._scan(driven, x.start, None, noise))
            groups = np.repeat(np.arange(x.batch), x.lengths)[kept]
            self._fit_readout(self._design(states, driven)[kept], targets[kept], groups)
            return
        if not hasattr(self.readout_, "partial_fit"):
            raise ValueError(
                f"{self._name}: {len(driven)} steps of {self._columns} states do not fit {BYTES >> 20} MB, and "
                f"{type(self.readout_).__name__} cannot learn in stretches. Use Ridge() or RLS(), or fewer steps."
            )
        add = getattr(self.readout_, "accumulate", self.readout_.partial_fit)
        for states, rows, at in self._stretches(driven, x, noise):
            use = kept[at]
            if use.any():
                design = self._design(states, rows)[use]
                add(design, self._wanted(design, targets[at][use]))
        if hasattr(self.readout_, "finish"):
            self.readout_.finish()

    def _stretches(self, driven: np.ndarray, x: Ragged, noise: Any) -> Iterator[tuple[np.ndarray, np.ndarray, slice]]:
        """States of the steps of a slice, stretch by stretch, sequence by sequence."""
        most = self._most_steps()
        for b in range(x.batch):
            state = None
            for first in range(int(x.start[b]), int(x.start[b + 1]), most):
                at = slice(first, min(first + most, int(x.start[b + 1])))
                states, state = self._scan(driven[at], np.array([0, at.stop - first]), state, noise)
                yield self._checked(states, state)[0], driven[at], at

    def _output(self, design: np.ndarray) -> np.ndarray:
        """The readout's output for rows that need no more checking."""
        fast = getattr(self.readout_, "_output", None)
        return fast(design) if fast is not None else self.readout_.predict(design)

    # the loop through the output

    def _closed(self, x: Ragged, state: Any) -> ReservoirRun:
        """Step by step, the output of a step entering at the next. state: (reservoir's, output) a sequence, None for rest."""
        rows, width = self._scaled(x.rows), int(np.prod(self.outputs_shape_))
        states, output = np.empty((len(rows), self._columns)), np.empty((len(rows), width))
        after = []
        for b in range(x.batch):
            inner, value = (None, np.zeros((1, width))) if state is None else state[b]
            for t in range(int(x.start[b]), int(x.start[b + 1])):
                now, inner = self._scan(np.hstack([rows[t : t + 1], value]), np.array([0, 1]), inner)
                value = self._output(self._design(now, rows[t : t + 1])).reshape(1, width)
                states[t], output[t] = now[0], value[0]
            after.append((inner, value))
        self._checked(states, after)
        return ReservoirRun(x.as_given(states), x.as_given(output.reshape(len(rows), *self.outputs_shape_)), after)

    def _fit_force(self, rows: np.ndarray, x: Ragged, targets: np.ndarray) -> None:
        """Learns while the reservoir runs on its own output; see `FORCE`."""
        flat, kept = targets.reshape(len(targets), -1), self._kept(x)
        for _ in range(self.readout_.epochs):
            for b in range(x.batch):
                state, value = None, np.zeros((1, flat.shape[1]))
                for t in range(int(x.start[b]), int(x.start[b + 1])):
                    now, state = self._scan(np.hstack([rows[t : t + 1], value]), np.array([0, 1]), state)
                    value = self.readout_.advance(self._design(now, rows[t : t + 1]), flat[t : t + 1], bool(kept[t]))
        self.readout_.settle(targets.ndim == 1)


def _one_each(y: Any, batch: int) -> bool:
    """Whether y holds one plain value a sequence."""
    return len(y) == batch and all(np.ndim(entry) == 0 for entry in y)

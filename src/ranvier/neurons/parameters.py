"""`Parameters`: the constants of a declared model, read and set in SI units, checked, and stored so that torch can train them."""

import warnings
from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from ranvier.equations.declaration import Declaration, ParameterSpec
from ranvier.equations.integrators import Integrator
from ranvier.neurons.verbs import Verbs


class _Value:
    """Class attribute of a declared parameter; on an instance it reads the physical value."""

    def __init__(self, name: str, spec: ParameterSpec) -> None:
        self.name, self.spec = name, spec

    def __get__(self, model: "Parameters | None", owner: type) -> Any:
        return self if model is None else model.parameter_value(self.name)

    def __set__(self, model: "Parameters", value: Any) -> None:
        model.set_parameter(self.name, value)


class Parameters(Verbs):
    """Base of `Neuron`: each declared parameter is an attribute of the model, a float or a tensor of the neurons' shape.

    A parameter in `learn` is a torch parameter, `log_<name>` where it must stay positive and `raw_<name>` elsewhere; a tensor that is not
    learned is a buffer, `fixed_<name>`; a number is kept outside of `state_dict`. dt: time step [s].
    """

    declaration: ClassVar[Declaration]

    def __init_subclass__(cls, abstract: bool = False, **kwargs: Any) -> None:
        """abstract: a base of models, which declares nothing that could run."""
        super().__init_subclass__(**kwargs)
        if abstract:
            return
        cls.declaration = Declaration.of(cls)
        cls.declaration.check()
        for name, spec in cls.declaration.parameters.items():
            setattr(cls, name, _Value(name, spec))

    def _place_all(self, dt: float, learn: tuple[str, ...], given: Mapping[str, Any]) -> None:
        """The parameters of a new model: values given by name, the others at their defaults."""
        self.dt, self.learn = dt, learn
        self._plain: dict[str, float] = {}
        for name, spec in self.declaration.parameters.items():
            self._place(name, given.get(name, spec.default))

    def _place(self, name: str, value: Any) -> None:
        spec = self.declaration.parameters[name]
        tensor = _checked(type(self).__name__, name, spec, value)
        if name in self.learn:
            stored = tensor.detach().log() if spec.positive else tensor.detach().clone()
            self.register_parameter(_stored_name(name, spec), nn.Parameter(stored.to(torch.get_default_dtype())))
        elif tensor.dim() == 0:
            self._plain[name] = float(tensor)
        else:
            self.register_buffer(f"fixed_{name}", tensor.detach().double().clone())

    def parameter_value(self, name: str) -> Any:
        """The physical value of a parameter: a float, or a tensor (differentiable if learned)."""
        if name in self._plain:
            return self._plain[name]
        spec = self.declaration.parameters[name]
        if name in self.learn:
            stored = getattr(self, _stored_name(name, spec))
            return stored.exp() if spec.positive else stored
        return getattr(self, f"fixed_{name}")

    def set_parameter(self, name: str, value: Any) -> None:
        """Replaces a parameter's value, in its physical unit; a value that is refused changes nothing."""
        before = self.parameter_value(name)
        before = before.detach().clone() if isinstance(before, Tensor) else before
        self._store(name, value)
        try:
            self.validate()
        except ValueError:
            self._store(name, before)
            raise

    def _store(self, name: str, value: Any) -> None:
        spec = self.declaration.parameters[name]
        tensor = _checked(type(self).__name__, name, spec, value)
        if name in self.learn:
            stored = getattr(self, _stored_name(name, spec))
            with torch.no_grad():
                stored.copy_(tensor.log() if spec.positive else tensor)
        elif tensor.dim() == 0:
            self._buffers.pop(f"fixed_{name}", None)
            self._plain[name] = float(tensor)
        else:
            self._plain.pop(name, None)
            self.register_buffer(f"fixed_{name}", tensor.detach().double().clone())

    def parameter_values(self) -> dict[str, Any]:
        """All parameters by name, in SI units."""
        return {name: self.parameter_value(name) for name in self.declaration.parameters}

    def validate(self) -> None:
        """Refuses parameter values that contradict each other: dt > tau, threshold at or below the reset."""
        from_name = type(self).__name__
        for name in self.declaration.parameters:
            if name.startswith("tau"):
                smallest = float(torch.as_tensor(self.parameter_value(name)).detach().min())
                if smallest < self.dt * (1 - 1e-6):  # a float32 of the same number is no shorter
                    raise ValueError(
                        f"{from_name}: dt must not exceed {name}, got dt={self.dt:g} s and {name}={smallest:g} s. "
                        f"Use a smaller dt or a larger {name}; in a Network, whose own dt counts, give it here too."
                    )
        for top in ("v_threshold", "v_peak"):
            if {top, "v_reset"} <= set(self.declaration.parameters):
                high, low = self.parameter_value(top), self.parameter_value("v_reset")
                if float((torch.as_tensor(high) - torch.as_tensor(low)).detach().min()) <= 0:
                    raise ValueError(
                        f"{from_name}: {top} must lie above v_reset, or the neuron fires for ever; got {top}={show(high)}, v_reset={show(low)}."
                    )

    def _warn_of_coarse_steps(self, chosen: Integrator) -> None:
        """Warns where the decay of one explicit step is off by more than a tenth."""
        for name in self.declaration.parameters:
            if name.startswith("tau"):
                smallest = float(torch.as_tensor(self.parameter_value(name)).detach().min())
                if self.dt > smallest / 5 * (1 + 1e-6):
                    warnings.warn(
                        f"{type(self).__name__}: {chosen} with dt={self.dt:g} s above a fifth of {name}={smallest:g} s misses its decay by more "
                        "than a tenth. Use a smaller dt, or leave integrator= out for the best that fits.",
                        stacklevel=3,
                    )


def _stored_name(name: str, spec: ParameterSpec) -> str:
    return f"log_{name}" if spec.positive else f"raw_{name}"


def _checked(model: str, name: str, spec: ParameterSpec, given: Any) -> Tensor:
    """A parameter's value as a tensor; refuses what is no number and what lies outside its bounds."""
    try:
        value = torch.as_tensor(given, dtype=None if isinstance(given, Tensor) else torch.float64).detach()
    except (TypeError, ValueError, RuntimeError):
        raise TypeError(
            f"{model}: {name} must be a number or a tensor of the neurons' shape, got {given!r}. "
            f"Write {name}={show(spec.default)} for the default."
        ) from None
    if not value.numel():
        raise ValueError(f"{model}: {name} is empty. Give a number, or a tensor of the neurons' shape.")
    if not bool(torch.isfinite(value).all()):
        raise ValueError(f"{model}: {name} must be finite, got {show(value)}.")
    smallest = float(value.min())
    if spec.positive and smallest <= 0:
        raise ValueError(
            f"{model}: {name} must be > 0, got {smallest:g}. Write {name}={show(spec.default)} for the default."
        )
    if spec.nonnegative and smallest < 0:
        raise ValueError(f"{model}: {name} must be >= 0, got {smallest:g}.")
    return value


def show(value: Any) -> str:
    """A parameter's value in a text: a number, or the shape and the range of a tensor."""
    if isinstance(value, Tensor) and value.dim():
        low, high = float(value.detach().min()), float(value.detach().max())
        return f"tensor{list(value.shape)} in [{low:.4g}, {high:.4g}]"
    return f"{float(value.detach() if isinstance(value, Tensor) else value):g}"

"""`Recipe`: every number that decides a training run, with defaults for sounds and for images."""

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from ranvier.errors import RanvierError
from ranvier.units import ms

NEURONS = ("LIF", "IF", "CubaLIF", "AdaptiveLIF", "ALIF")


@dataclass(frozen=True)
class Recipe:
    """A network and how it is trained. Frozen and made of plain values, so that a run folder can hold it as JSON.

    kind: "sound" or "image". shape: of one sample, (bands,) or (channels, height, width). neuron: name of the model of all hidden
    populations. hidden: sizes of the fully connected populations. steps: time steps a sample, of `dt` seconds each.
    """

    kind: str
    shape: tuple[int, ...]
    classes: tuple[str, ...]
    neuron: str
    hidden: tuple[int, ...]
    steps: int
    dt: float
    epochs: int
    batch: int
    learning_rate: float
    weight_decay: float = 0.01
    label_smoothing: float = 0.1
    dropout: float = 0.2  # of the hidden populations
    average: float = 0.99  # decay of the running average of the weights, which is what is kept
    seed: int = 0
    rate: int | None = None  # sampling rate of sounds [Hz]

    def __post_init__(self) -> None:
        if self.neuron not in NEURONS:
            raise RanvierError(f"--neuron {self.neuron}: no such model. Choose one of {', '.join(NEURONS)}.")
        for name, least in (("steps", 5 if self.kind == "sound" else 1), ("epochs", 1), ("batch", 1), ("seed", 0)):
            if getattr(self, name) < least:
                raise RanvierError(f"--{name} {getattr(self, name)}: must be at least {least}.")
        if not self.hidden or min(self.hidden) < 1:
            raise RanvierError(
                f"--hidden {','.join(map(str, self.hidden))}: give sizes of at least 1, such as --hidden 256 or --hidden 256,128."
            )

    def changed(self, **options: Any) -> "Recipe":
        """The same recipe with the options that are not None."""
        return replace(self, **{k: v for k, v in options.items() if v is not None})

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @staticmethod
    def from_dict(values: dict[str, Any]) -> "Recipe":
        """The inverse of `as_dict`; raises KeyError or TypeError where a field is missing or unknown."""
        tuples = {f.name for f in fields(Recipe) if str(f.type).startswith("tuple")}
        plain: dict[str, Any] = {k: tuple(v) if k in tuples else v for k, v in values.items()}
        return Recipe(**plain)


def sound_recipe(classes: tuple[str, ...], rate: int, bands: int) -> Recipe:
    """Defaults for recordings of words or other short sounds."""
    return Recipe(
        kind="sound",
        shape=(bands,),
        classes=classes,
        rate=rate,
        neuron="AdaptiveLIF",
        hidden=(256,),
        steps=50,
        dt=10 * ms,
        epochs=40,
        batch=64,
        learning_rate=3e-3,
        dropout=0.3,
    )


def image_recipe(classes: tuple[str, ...], shape: tuple[int, ...]) -> Recipe:
    """Defaults for pictures."""
    return Recipe(
        kind="image",
        shape=shape,
        classes=classes,
        neuron="LIF",
        hidden=(256,),
        steps=10,
        dt=10 * ms,
        epochs=20,
        batch=64,
        learning_rate=3e-3,
        label_smoothing=0.0,
    )

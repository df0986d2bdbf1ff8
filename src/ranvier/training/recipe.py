"""`Recipe`: every number that decides a training run, with defaults for sounds and for images."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from ranvier.errors import RanvierError
from ranvier.units import ms

NEURONS = ("LIF", "IF", "CubaLIF", "AdaptiveLIF", "ALIF")
SAMPLES = (
    "kind",
    "shape",
    "classes",
    "rate",
    "frames",
    "seed",
)  # what tells how samples are taken, whatever is fitted to them


@dataclass(frozen=True)
class Frames:
    """How a sound becomes frames. window, hop: seconds of a frame, and from one to the next. low: lower edge of the mel filters [Hz].

    quiet: decibels below the loudest frame at which the spoken part begins and ends. floor: of a clip's mean power, added before the logarithm.
    """

    window: float = 25 * ms
    hop: float = 10 * ms
    low: float = 60.0
    quiet: float = 28.0
    floor: float = 1e-3


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
    frames: Frames | None = None  # of sounds

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
    def from_dict(values: Mapping[str, Any]) -> "Recipe":
        """The inverse of `as_dict`; raises KeyError or TypeError where a field is missing or unknown."""
        tuples = {f.name for f in fields(Recipe) if str(f.type).startswith("tuple")}
        plain: dict[str, Any] = {k: tuple(v) if k in tuples else v for k, v in values.items()}
        if plain["kind"] == "sound":  # runs of format 1 do not tell their frames, which were these
            plain["frames"] = Frames(**(plain.get("frames") or {}))
        return Recipe(**plain)

    @property
    def samples(self) -> dict[str, Any]:
        """How samples are taken, as plain values: all of a recipe that a model has which is no network of `build`."""
        return {k: v for k, v in self.as_dict().items() if k in SAMPLES}

    @staticmethod
    def of_samples(values: Mapping[str, Any]) -> "Recipe":
        """The inverse of `samples`, the rest as by default; raises KeyError or TypeError where a field is missing or unknown."""
        if set(values) != set(SAMPLES):
            raise KeyError(f"expected the fields {', '.join(SAMPLES)}, got {', '.join(map(str, values))}")
        classes, shape = tuple(values["classes"]), tuple(values["shape"])
        sound = values["kind"] == "sound"
        usual = sound_recipe(classes, values["rate"], shape[0]) if sound else image_recipe(classes, shape)
        return Recipe.from_dict(usual.as_dict() | dict(values))


def sound_recipe(classes: tuple[str, ...], rate: int, bands: int) -> Recipe:
    """Defaults for recordings of words or other short sounds."""
    return Recipe(
        kind="sound",
        shape=(bands,),
        classes=classes,
        rate=rate,
        frames=Frames(),
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

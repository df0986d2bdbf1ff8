"""Ctrl-C in a sequence that runs through a simulated network."""

from types import FrameType, TracebackType

from ranvier.stopping import Stop


class Interrupt(Stop):
    """While it lasts, Ctrl-C ends what runs, and KeyboardInterrupt is raised in its place.

    A `Network` keeps a KeyboardInterrupt to itself and returns what ran so far, which is no sequence; what is raised inside is therefore another exception.
    """

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        if self.asked:
            raise KeyboardInterrupt from None

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        raise Stopped


class Stopped(BaseException):
    """Ctrl-C, by a name that nobody catches."""

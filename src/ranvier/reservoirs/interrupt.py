"""Ctrl-C in a sequence that runs through a simulated network."""

import signal
import threading
from types import FrameType, TracebackType


class Interrupt:
    """While it lasts, Ctrl-C ends what runs, and KeyboardInterrupt is raised in its place.

    A `Network` keeps a KeyboardInterrupt to itself and returns what ran so far, which is no sequence; what is raised inside is therefore another exception.
    Where a program has a handler of its own, or outside of the main thread, which gets no signals, nothing changes.
    """

    def __init__(self) -> None:
        self._asked = self._ours = False

    def __enter__(self) -> "Interrupt":
        main = threading.current_thread() is threading.main_thread()
        self._ours = main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if self._ours:
            signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if self._asked:
            raise KeyboardInterrupt from None

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._asked = True
        raise Stopped


class Stopped(BaseException):
    """Ctrl-C, by a name that nobody catches."""

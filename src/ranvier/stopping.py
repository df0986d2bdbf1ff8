"""Ctrl-C waits for a place where work can stop.

Half a chunk of a simulation is no state to go on from; and an exception that is raised while an object is being freed, as autograd does
throughout a training, is lost.
"""

import signal
import threading
from types import FrameType, TracebackType


class Stop:
    """While it lasts, Ctrl-C is noted in `asked`; a second one raises KeyboardInterrupt at once.

    Where a program has a handler of its own, or outside of the main thread, which gets no signals, nothing changes.
    """

    def __init__(self) -> None:
        self.asked = False
        self._ours = False

    def __enter__(self) -> "Stop":
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

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True

import io
import sys

import numpy as np
import pytest
import torch
from rich.console import Console

from ranvier.cli import common
from ranvier.data.samples import Samples
from ranvier.errors import RanvierError
from ranvier.training.runs import Source


def test_threads(monkeypatch: pytest.MonkeyPatch):
    asked = []
    monkeypatch.setattr(torch, "set_num_threads", asked.append)
    common.set_threads(None)
    common.set_threads(3)
    assert asked == [3]
    with pytest.raises(RanvierError, match=r"--threads 0: must be at least 1\."):
        common.set_threads(0)


def test_the_first_twenty_skipped_files_are_named_and_the_rest_counted(capsys, monkeypatch):
    skipped = tuple((f"yes/{k}.wav", "silence") for k in range(23))
    found = Samples(
        "words", "sound", [np.zeros(4)] * 2, np.array([0, 1]), ("no", "yes"), ("a", "b"), 8000, skipped=skipped
    )
    told = []

    def read(source, data, strict, rate, progress):
        told.append((source, data, strict, rate))
        for k in range(60):
            progress(k, 60)
        return found

    monkeypatch.setattr(common, "open_samples", read)
    assert common.load(Source("words", None, None, True), 16000) is found
    assert told == [("words", None, True, 16000)]
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "warning: skipped yes/0.wav: silence" and lines[19] == "warning: skipped yes/19.wav: silence"
    assert lines[20:] == ["warning: skipped 3 more"]


@pytest.mark.parametrize("terminal", [True, False])
def test_what_is_printed_while_a_bar_is_shown_goes_where_the_user_sent_it(monkeypatch, terminal):
    sent, shown = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sent, "isatty", lambda: terminal)
    monkeypatch.setattr(common, "console", Console(file=shown, force_terminal=True))
    monkeypatch.setattr(sys, "stdout", sent)
    with common.progress_bar("working") as progress:
        progress.add_task("", total=2)
        print("the result")
    assert (sent.getvalue() == "the result\n") is not terminal
    assert ("the result" in shown.getvalue()) is terminal  # drawn above the bar, on the same terminal

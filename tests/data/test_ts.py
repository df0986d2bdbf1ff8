"""The .ts text format."""

from pathlib import Path

import numpy as np
import pytest

from ranvier.data.ts import read_ts
from ranvier.errors import BadFileError


def test_sequences_of_any_length_and_their_labels(tmp_path: Path) -> None:
    path = tmp_path / "a.ts"
    path.write_text("#comment\n@problemName x\n@data\n1,2,3:4,5,6:one\n\n7:8: two\n")
    x, y = read_ts(path)
    assert [part.tolist() for part in x] == [[[1, 4], [2, 5], [3, 6]], [[7, 8]]]
    assert y.tolist() == ["one", "two"] and x[0].dtype == np.float64


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("@data\n1,2:3:one\n", "line 2 is no sequence .* expected features of one length"),
        ("1,x:one\n", "line 1 is no sequence"),
        ("one\n", "line 1 is no sequence"),
        ("#nothing\n", "no sequence in it"),
    ],
)
def test_what_is_no_such_file_is_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "a.ts"
    path.write_text(text)
    with pytest.raises(BadFileError, match=message):
        read_ts(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadFileError, match="cannot be read as text"):
        read_ts(tmp_path / "no.ts")

import subprocess
import sys
import warnings

import pytest

from ranvier.cli import lines


def test_a_warning_is_one_line_without_a_file_name_and_said_once(capsys):
    with lines.warnings_as_lines():
        for text in ("the layer is silent", "the layer is silent", "another"):
            warnings.warn(text, stacklevel=1)
    assert capsys.readouterr().err == "warning: the layer is silent\nwarning: another\n"


@pytest.mark.thorough
def test_looking_at_a_neuron_loads_no_data_reader_and_no_picture_library() -> None:
    code = "import sys, ranvier.cli.neuron as n; n.neuron('LIF'); print([m for m in ('sklearn', 'matplotlib', 'scipy.optimize') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"

"""Python files of the user's own, as `ranvier neuron` and `ranvier simulate` take them."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from ranvier.equations.declaration import ModelError
from ranvier.errors import RanvierError


def run_script(file: Path, wanted: str) -> ModuleType:
    """Runs a file as a module, its neighbours importable. wanted: what to give instead of a file that is not there."""
    if not file.is_file():
        raise RanvierError(f"{file}: there is no such file. {wanted}")
    spec = importlib.util.spec_from_file_location(f"ranvier_user_{file.stem}", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # annotations are looked up there
    sys.path.insert(0, str(file.parent.resolve()))
    try:
        spec.loader.exec_module(module)
    except ModelError as error:
        raise RanvierError(f"{file}: {error}") from error
    except Exception as error:
        raise RanvierError(f"{file}: cannot be run, {type(error).__name__}: {error}. Mend the file first.") from error
    finally:
        sys.path.remove(str(file.parent.resolve()))
    return module

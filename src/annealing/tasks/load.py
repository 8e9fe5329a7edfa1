"""Find a task by what people type: a built-in name, or `my_task.py:task`."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from annealing.core.errors import TaskError
from annealing.tasks.failure import where_it_failed
from annealing.tasks.noisy_digits import digits
from annealing.tasks.python_text import text
from annealing.tasks.task import Task, kind_of

BUILT_IN: dict[str, Callable[[], Task]] = {"digits": digits, "text": text}
"""The tasks that come with the library, by name."""

_HOW = "write a built-in task ({}), or a file and the name in it: my_task.py:task."


def load_task(text: str) -> Task:
    """Return the task called `text`: a built-in name, or `"file.py:name"` (`"file.py"` means `"file.py:task"`).

    The file is run as Python would run it: modules beside it can be imported. The name may stand for a
    `Task` or for a function without arguments that makes one.

    >>> load_task("digits").name
    'digits'

    Raises `TaskError` when there is no such task, or when the file raises.
    """
    found = load_object(text)
    if isinstance(found, Task):
        return found
    _, name = _parts(text)
    raise TaskError(f"task={text!r}: {name} is {kind_of(found)}: write {name} = Task(model=…, loss=…, train=…, valid=…).")


def load_object(text: str) -> object:
    """Return what stands under the name `text`: a task, or what else is there; a function that needs no argument is called.

    Raises `TaskError` as `load_task` does.
    """
    if text in BUILT_IN:
        return BUILT_IN[text]()
    how = _HOW.format(", ".join(BUILT_IN))
    file, name = _parts(text)
    if not file.endswith(".py"):
        raise TaskError(f"task={text!r} is unknown: {how}")
    path = Path(file).resolve()
    if not path.is_file():
        raise TaskError(f"task={text!r}: there is no file {file}: {how}")
    module = _run(path, file)
    if not hasattr(module, name):
        raise TaskError(f"task={text!r}: {file} defines no {name}: {_what_is_there(module, file)}")
    found = getattr(module, name)
    return _call(found, file, name) if callable(found) and not _needs_arguments(found) else found


def _parts(text: str) -> tuple[str, str]:
    file, _, name = text.rpartition(":") if not text.endswith(".py") else (text, "", "task")
    return file, name


def _needs_arguments(function: Callable[..., object]) -> bool:
    try:
        inspect.signature(function).bind()
    except TypeError:
        return True
    except ValueError:  # one that keeps its signature to itself
        return False
    return False


def _run(path: Path, file: str) -> ModuleType:
    """Run a file as a module of its own, so that what it defines can be sent to worker processes."""
    import cloudpickle  # only for files: what a file defines has to travel by value

    name = f"annealing_task_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise TaskError(f"{file} cannot be read as Python: write a file that ends in .py.")
    module = importlib.util.module_from_spec(spec)
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))  # as `python my_task.py` does, here and in the workers
    sys.modules[name] = module  # dataclasses and pickle look their module up by name
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise _blame(error, file) from error
    cloudpickle.register_pickle_by_value(module)
    return module


def _call(make: Callable[[], object], file: str, name: str) -> object:
    try:
        return make()
    except (Exception, SystemExit) as error:
        raise _blame(error, f"{file}:{name}()") from error


def _blame(error: BaseException, file: str) -> TaskError:
    if isinstance(error, TaskError):
        return TaskError(f"{file}: {error}")
    if isinstance(error, SyntaxError):
        return TaskError(f"{file} is not Python: line {error.lineno}: {error.msg}.")
    return TaskError(f"{file} raised {where_it_failed(error)}")


def _what_is_there(module: ModuleType, file: str) -> str:
    tasks = [name for name, value in vars(module).items() if isinstance(value, Task)]
    return f"write {file}:{tasks[0]}." if tasks else "write task = Task(model=…, loss=…, train=…, valid=…) in it."

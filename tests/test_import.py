"""Importing loads nothing heavy, and the base install is enough to describe a schedule."""

import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXTRAS = {
    "torch",
    "sklearn",
    "loky",
    "cloudpickle",
    "matplotlib",
    "bokeh",
    "jinja2",
    "jax",
    "optax",
    "keras",
    "transformers",
    "accelerate",
}
HEAVY = {*EXTRAS, "scipy", "typer", "rich"}

DESCRIBE = """
import annealing as an
plan = (3e-4 * an.chain(an.warmup(10), an.hold(), an.cooldown("20%"))).over(100)
print(plan(5), plan.values().sum(), plan.area(), an.parse(str(plan)) == plan, an.from_json(an.to_json(plan)) == plan)
"""

ABSENT = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {EXTRAS!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
from annealing.cli.main import main
main()
"""


def python(*arguments: str, executable: str = sys.executable) -> subprocess.CompletedProcess[str]:
    return subprocess.run([executable, *arguments], capture_output=True, text=True, check=False, cwd=ROOT)


def loaded_by(program: str) -> set[str]:
    """The top-level modules that a program has loaded when it ends."""
    done = python("-c", f"{program}\nimport sys\nprint(*{{name.partition('.')[0] for name in sys.modules}})")
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())


def files_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc"}


def test_importing_annealing_loads_no_framework() -> None:
    loaded = loaded_by("import annealing")

    assert "numpy" in loaded
    assert loaded & HEAVY == set()


def test_describing_a_schedule_loads_no_framework() -> None:
    assert loaded_by(DESCRIBE) & HEAVY == set()


def test_drawing_a_report_loads_no_framework_that_trains() -> None:
    assert loaded_by("import annealing.report") & {"torch", "jax", "sklearn", "loky"} == set()


def test_a_schedule_can_be_shown_without_the_extras() -> None:
    shown = python("-c", ABSENT, "show", "3e-4 * cosine()", "--over", "100")

    assert shown.returncode == 0, shown.stderr
    assert "3e-4" in shown.stdout or "0.0003" in shown.stdout


def test_what_needs_an_extra_says_how_to_install_it() -> None:
    refused = python("-c", ABSENT, "compare", "digits")

    assert refused.returncode == 2
    assert "annealing[torch" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.slow
def test_the_wheel_is_complete(tmp_path: Path) -> None:
    built = python("-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(tmp_path), str(ROOT))
    assert built.returncode == 0, built.stderr
    [wheel] = tmp_path.glob("annealing-*.whl")
    venv.create(tmp_path / "fresh", with_pip=True)
    fresh = str(tmp_path / "fresh" / "bin" / "python")
    installed = python("-m", "pip", "install", "--quiet", "-c", str(ROOT / "constraints.txt"), str(wheel), executable=fresh)
    assert installed.returncode == 0, installed.stderr

    described = python("-I", "-c", DESCRIBE, executable=fresh)
    assert described.returncode == 0, described.stderr
    assert described.stdout.endswith("True True\n")
    assert python("-I", str(tmp_path / "fresh" / "bin" / "anneal"), "--help", executable=fresh).returncode == 0
    [shipped] = tmp_path.glob("fresh/lib/python*/site-packages/annealing")
    assert files_below(ROOT / "src" / "annealing") == files_below(shipped)

"""How long `import annealing` takes beyond NumPy, and what it loads.

    python benchmarks/import_time.py [--repeats 15]

Fresh interpreters, in turns: one imports NumPy alone, one imports annealing. The table shows medians of
processor time, which a busy machine does not lengthen as it does the clock on the wall.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile

_CLOCK = "import time; begin = time.process_time(); import {}; print(time.process_time() - begin)"
_LOADED = "import sys, annealing; print(*sorted({m.partition('.')[0] for m in sys.modules} & set(sys.argv[1:])))"
HEAVY = ("torch", "jax", "scipy", "matplotlib", "bokeh", "typer", "rich", "sklearn")


def run(code: str, cache: str, *arguments: str) -> str:
    """Run code in a fresh interpreter that reads compiled modules, as an installed package does."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | {"PYTHONPYCACHEPREFIX": cache}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=15, help="pairs of fresh interpreters (default: 15)")
    repeats = parser.parse_args().repeats
    with tempfile.TemporaryDirectory() as cache:
        loaded = run(_LOADED, cache, *HEAVY)  # also compiles everything, once
        pairs = [[float(run(_CLOCK.format(module), cache)) for module in ("numpy", "annealing")] for _ in range(repeats)]
    alone, ours = (statistics.median(column) * 1e3 for column in zip(*pairs, strict=True))
    print(f"import numpy      {alone:7.1f} ms")
    print(f"import annealing  {ours:7.1f} ms   {ours - alone:.1f} ms over NumPy   target 50 ms")
    print(f"of {', '.join(HEAVY)} it loads: {loaded or 'none'}")


if __name__ == "__main__":
    main()

"""Fuzz one target guided by coverage, with Atheris (libFuzzer for Python): `python -m tests.fuzz.guided`.

Atheris ends the process it runs in, so each target has one of its own. What it finds lies in out/fuzz.
"""

from __future__ import annotations

import argparse
from pathlib import Path

OUT = Path("out/fuzz")


def main() -> None:
    """Feed a target so many inputs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target")
    parser.add_argument("runs", type=int)
    options = parser.parse_args()

    import atheris

    with atheris.instrument_imports(include=["lab"]):
        from tests.fuzz.targets import SEEDS, TARGETS

    corpus = OUT / options.target
    corpus.mkdir(parents=True, exist_ok=True)
    arguments = (
        f"-runs={options.runs}", "-max_len=20000", "-rss_limit_mb=1024", "-timeout=20", "-verbosity=0",
        f"-artifact_prefix={OUT}/{options.target}-", str(corpus), str(SEEDS / options.target),
    )  # fmt: skip
    atheris.Setup(["fuzz", *arguments], TARGETS[options.target].feed)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

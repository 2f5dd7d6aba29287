"""Reading messages and keys loads no cryptography, so that a command which needs none starts quickly."""

from __future__ import annotations

import subprocess
import sys


def test_nothing_heavy_is_imported() -> None:
    """The codec, keys, RRsets and the real root keys import neither cryptography nor dnspython."""
    program = (
        "import sys, lab.dnssec.codec, lab.dnssec.root_keys\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules} & {'cryptography', 'dns'}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"

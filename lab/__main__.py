"""Make `python -m lab` the same as `rootlab`."""

from .cli import main

raise SystemExit(main())

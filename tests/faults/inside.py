"""`python -m tests.faults.inside PART WORD…`: one of the run's own processes, with the platform's code at hand."""

from __future__ import annotations

import importlib
import sys

import django

if __name__ == "__main__":
    django.setup()
    sys.exit(importlib.import_module(f"tests.faults.{sys.argv[1]}").main(*sys.argv[2:]))

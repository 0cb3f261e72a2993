"""The trade's words that pages use, each explained in a sentence (trade.yaml): on hover, under `?` and at /terms/.

Only what a page says is explained. The source is the law or standard that the word comes from; basis as everywhere.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from fengsui.kernel.terms import Term, Terms

FILE = Path(__file__).with_name("trade.yaml")
TRADE = Terms("trade", *(Term(**row) for row in yaml.safe_load(FILE.read_text("utf-8"))))

"""`./fengsui test --faults [--rounds N] [--seed S] [--readings N]`: rounds one after another in one installation."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys

from tests.faults import report
from tests.faults.ground import Ground
from tests.faults.rounds import Plan, play, prepare


def main(argv: list[str]) -> int:
    words = argparse.ArgumentParser()
    words.add_argument("--rounds", type=int, default=1)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--readings", type=int, default=100_000)
    words.add_argument("--rate", type=float, default=250.0)
    words.add_argument("--only", action="append", default=[])
    words.add_argument("--faults", type=int, default=0)
    words.add_argument("--keep", default="", metavar="DIR")
    words.add_argument("--write", action="store_true")
    given = words.parse_args(argv)
    plan = Plan(given.readings, given.rate, given.faults, tuple(given.only))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    ground, outcomes = Ground(), []
    try:
        for need, why in ground.missing.items():
            print(f"left out, for want of {need}: {why}", flush=True)
        prepare(ground)
        for number in range(given.rounds):
            outcome = play(ground, number, given.seed + number, plan)
            outcomes.append(outcome)
            print(report.told(outcome, plan), flush=True)
            if given.write:
                report.write(outcomes, plan, ground.missing)
    finally:
        if given.keep:
            shutil.copytree(ground.truth, given.keep, dirs_exist_ok=True)
            shutil.copytree(ground.home.log, f"{given.keep}/log", dirs_exist_ok=True)
        ground.stop()
    return 1 if any(each.findings for each in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

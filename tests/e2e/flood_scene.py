"""What a worker would do with the floods that wait: `python -m tests.e2e.flood_scene`. By the real engine."""

from __future__ import annotations

import django


def main() -> None:
    django.setup()
    from fengsui.apps.forecasts import jobs
    from fengsui.apps.forecasts.models import FloodRun

    waiting = FloodRun.objects.all_worlds("a worker serves every world").filter(status="waiting")
    for each in list(waiting.values_list("pk", flat=True)):
        jobs.compute(each)


if __name__ == "__main__":
    main()

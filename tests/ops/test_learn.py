"""`./fengsui learn`: one line a gauge, and a withdrawal that ends."""

from argparse import Namespace

import pytest
from django.utils import timezone

from fengsui.apps.forecasts.models import ForecastLesson
from fengsui.apps.forecasts.tests.test_lessons import Pupil, learning, lesson
from fengsui.apps.sensing.tests.make import make_stream
from fengsui.apps.sensing.tests.test_pages import feed
from fengsui.config import learn_command
from fengsui.config.ops.console import Problem
from fengsui.core.worlds import LIVE


@pytest.mark.django_db
def test_command_prints_one_line_a_gauge(capsys, monkeypatch):
    monkeypatch.setenv("FENGSUI_LANG", "en")
    monkeypatch.setattr(learning, "learner_here", Pupil)
    for n, code in enumerate(("ST01", "ST02")):
        feed(make_stream(code), [(600 - 60 * k, 0.06 - 0.05 * n) for k in range(10)])
    make_stream("ST03")
    lost = lesson(make_stream("ST04"), withdrawn_at=timezone.now()).datastream
    make_stream("RG01", kind="rain_gauge", period_s=300)
    feed(lost, [(600 - 60 * k, 0.06) for k in range(10)])
    assert learn_command.main(Namespace(station="")) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[:4]] == [[f"{n}/4", f"ST0{n}"] for n in range(1, 5)]
    assert "error (trend's) 30 min 3.0 (4.0) cm" in lines[0]
    assert "taught nothing" in lines[2]
    assert not ForecastLesson.objects.in_world(LIVE).filter(withdrawn_at__isnull=False).exists()
    assert lines[4].startswith("rain 5 min  taught nothing, no rain is forecast (gauges: 0, wet steps: 0)")
    learn_command.main(Namespace(station="ST02"))
    assert capsys.readouterr().out.startswith("1/1  ST02")
    with pytest.raises(Problem):
        learn_command.main(Namespace(station="none"))

"""CAP 1.2 messages against the OASIS schema: hundreds of made-up warnings, and the references of a chain."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from fengsui.apps.alerts import cap
from fengsui.catalog.hazards.contract import CAP_CATEGORIES, CAP_CERTAINTIES, CAP_RESPONSES, CAP_URGENCIES

AT = datetime(2026, 7, 27, 18, 55, 3, tzinfo=UTC)
NS = {"c": cap.NAMESPACE}


def message(**over):
    info = cap.Info("zh-CN", "内涝", "铁西区应急管理局", "标题", "说明", "措施", "启工街道")
    facts = {
        "identifier": "21010600000100_20260728025503_0",
        "sender": "21010600000100",
        "sent_at": AT,
        "status": "Actual",
        "msg_type": "Alert",
        "category": "Met",
        "event_code": "11A02",
        "event_scheme": "CN:eventType",
        "responses": ("Avoid", "Evacuate"),
        "urgency": "Immediate",
        "severity": "Severe",
        "certainty": "Observed",
        "onset_at": AT,
        "expires_at": AT + timedelta(hours=6),
        "infos": (info,),
        "area": cap.Area("210106007", circle=(41.811, 123.342, 0.3)),
    }
    return cap.Message(**(facts | over))


def values(text: bytes, path: str) -> list[str]:
    return [each.text or "" for each in etree.fromstring(text).findall(path, NS)]


times = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))
texts = st.text(max_size=80)
named = st.text(min_size=1, max_size=40)
infos = st.builds(cap.Info, st.sampled_from(["zh-CN", "en-US"]), named, texts, texts, texts, texts, named)
circles = st.tuples(st.floats(-90, 90), st.floats(-180, 180), st.floats(0, 500))


@settings(max_examples=200, deadline=None)
@given(
    data=st.data(),
    at=times,
    serial=st.integers(0, 9),
    spoken=st.lists(infos, min_size=1, max_size=3),
    circle=st.none() | circles,
    note=texts,
)
def test_message_when_made_of_anything_is_valid(data, at, serial, spoken, circle, note):
    pick = lambda words: data.draw(st.sampled_from(sorted(words)))  # noqa: E731 - a name for one use
    made = message(
        identifier=f"21010600000100_{at:%Y%m%d%H%M%S}_{serial}",
        sent_at=at,
        status=pick({"Actual", "Exercise"}),
        category=pick(CAP_CATEGORIES),
        urgency=pick(CAP_URGENCIES),
        certainty=pick(CAP_CERTAINTIES),
        severity=pick({"Extreme", "Severe", "Moderate", "Minor"}),
        responses=tuple(data.draw(st.lists(st.sampled_from(sorted(CAP_RESPONSES)), max_size=3, unique=True))),
        expires_at=at + timedelta(hours=6),
        onset_at=data.draw(st.none() | times),
        infos=tuple(spoken),
        area=cap.Area("210106007", circle=circle),
        note=note,
    )
    text = cap.write(made)
    cap.check(text)
    assert values(text, "c:identifier") == [made.identifier]
    assert all(each.endswith("+08:00") for each in values(text, "c:sent") + values(text, "c:info/c:expires"))


def test_time_when_written_has_the_offset_and_no_fraction():
    assert cap.moment(AT.replace(microsecond=5)) == "2026-07-28T02:55:03+08:00"
    with pytest.raises(ValueError, match="naive"):
        cap.moment(datetime(2026, 7, 28))


def test_chain_when_updated_and_cleared_references_every_earlier_message():
    first = cap.Reference("21010600000100", "21010600000100_20260728025503_0", AT)
    second = cap.Reference("21010600000100", "21010600000100_20260728031503_0", AT + timedelta(minutes=20))
    text = cap.write(
        message(
            identifier="21010600000100_20260728041503_0",
            msg_type="Update",
            references=(first, second),
            responses=("AllClear",),
            urgency="Past",
        )
    )
    assert values(text, "c:references") == [
        "21010600000100,21010600000100_20260728025503_0,2026-07-28T02:55:03+08:00 "
        "21010600000100,21010600000100_20260728031503_0,2026-07-28T03:15:03+08:00"
    ]
    assert values(text, "c:info/c:responseType") == ["AllClear"]


@pytest.mark.parametrize(
    "over",
    [
        {"identifier": "1"},
        {"msg_type": "Update"},
        {"references": (cap.Reference("a", "b", AT),)},
        {"infos": ()},
    ],
)
def test_message_when_incomplete_cannot_be_made(over):
    with pytest.raises(ValueError):
        message(**over)


@pytest.mark.parametrize("over", [{"urgency": "Soon"}, {"category": "Water"}, {"sender": ""}, {"status": "Real"}])
def test_message_when_outside_the_schema_is_refused(over):
    with pytest.raises(ValueError, match="not valid CAP"):
        cap.write(message(**over))


def test_area_when_written_carries_twelve_digits_and_the_circle():
    text = cap.write(message())
    assert values(text, "c:info/c:area/c:geocode/c:value") == ["210106007000"]
    assert values(text, "c:info/c:area/c:circle") == ["41.811000,123.342000 0.300"]
    assert values(text, "c:info/c:eventCode/c:value") == ["11A02"]

"""At random, for as long as asked: `./fengsui test --security --minutes N`. A third of it for each kind of input."""

from __future__ import annotations

import json
import os
import random
import time
from collections import Counter

import pytest
import schemathesis
from django.test import Client
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as trying
from hypothesis import strategies as st

from fengsui.config.district import boundary
from fengsui.core.api import site
from fengsui.core.ledger.sheet import open_file
from fengsui.kernel.errors import FengsuiError
from tests.api.programs import program
from tests.api.test_fuzz import asked
from tests.contracts.story import Story, client_of
from tests.contracts.test_urls_by_role import FORMS, address, ask, patterns
from tests.security.test_doors import who_may
from tests.security.test_files import HARMFUL, book, ods, rows

MINUTES = float(os.environ.get("FENGSUI_SECURITY_MINUTES") or 0)
SEED = int(os.environ.get("FENGSUI_SECURITY_SEED") or time.time())
THIRD = MINUTES * 20
"""Seconds."""
pytestmark = pytest.mark.skipif(not MINUTES, reason="long: ./fengsui test --security --minutes N")
AT_RANDOM = trying(
    max_examples=25, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
)


def test_no_operation_breaks_for_minutes(story: Story, settings):
    """schemathesis: whatever the description does not forbid, on rows that exist. Zero server errors."""
    settings.FENGSUI_API_PER_MINUTE, settings.DEMO = 10**9, True
    callers = [program(login, "*") for login in ("duty", "commander", "sysadmin")]
    described = schemathesis.openapi.from_dict(json.loads(json.dumps(site.api().get_openapi_schema(), default=str)))
    operations = [each.ok() for each in described.get_all_operations()]
    broken, seen, chance, end = [], Counter(), random.Random(SEED), time.monotonic() + THIRD
    while time.monotonic() < end and not broken:
        operation, caller = chance.choice(operations), chance.choice(callers)

        @seed(chance.randrange(2**32))
        @AT_RANDOM
        @given(case=operation.as_strategy())
        def call(case: schemathesis.Case) -> None:
            status, text, what = asked(caller, story, case)  # noqa: B023 - called in this very turn
            seen[status] += 1
            if status >= 500:
                broken.append(f"{status} {what} {text[:200]!r}")

        call()
    assert not broken, f"FENGSUI_SECURITY_SEED={SEED}\n" + "\n".join(broken)
    assert sum(seen.values()) > 20, seen


def test_no_form_breaks_for_minutes(story: Story):
    """Each field of each form gets anything that a browser could send."""
    may, chance, end = who_may(), random.Random(SEED), time.monotonic() + THIRD
    forms = [(name, address(name, pattern, story)) for name, pattern in patterns() if name in may and FORMS.get(name)]
    clients: dict[str, Client] = {login: client_of(login) for login in set(may.values())}
    texts = st.text(max_size=400) | st.sampled_from(
        ["", "-1", "1e999", "NaN", "٣", "9" * 40, "2026-13-45", "{}", "%00"]
    )
    broken, tried = [], 0
    while time.monotonic() < end and not broken:
        name, where = chance.choice(forms)

        @seed(chance.randrange(2**32))
        @AT_RANDOM
        @given(data=st.fixed_dictionaries(dict.fromkeys(FORMS[name], texts)))
        def press(data: dict[str, str]) -> None:
            nonlocal tried
            tried += 1
            answer = ask(clients[may[name]], "POST", where, data)  # noqa: B023 - called in this very turn
            if answer.status_code >= 500:
                broken.append(f"{name} {data!r}: {answer.exc_info and answer.exc_info[1]!r}")  # noqa: B023 - called in this very turn

        press()
    assert not broken, f"FENGSUI_SECURITY_SEED={SEED}\n" + "\n".join(broken)
    assert tried > 20


def test_no_file_breaks_for_minutes():
    """Sheets and boundaries with bytes changed, cut off or doubled: read, or refused in words."""
    chance, end, seen = random.Random(SEED), time.monotonic() + THIRD, Counter()
    whole = '<row r="1"><c r="A1" t="inlineStr"><is><t>站码</t></is></c><c r="B1"><v>1</v></c></row>'
    good = [book(rows(whole)), ods("", ""), "站码,名称\nA,b\n".encode(), "站码,名称\nA,乙\n".encode("gb18030")]
    good += [
        made() for which, (made, _code) in HARMFUL.items() if "small" not in which and "three hundred" not in which
    ]
    json_ = b'{"type":"Polygon","coordinates":[[[123,41],[124,41],[124,42],[123,41]]]}'
    while time.monotonic() < end:
        body = bytearray(chance.choice([*good, json_]))
        for _ in range(chance.randrange(1, 8)):
            at = chance.randrange(len(body))
            match chance.randrange(4):
                case 0:
                    body[at] = chance.randrange(256)
                case 1:
                    del body[at : at + chance.randrange(1, 60)]
                case 2:
                    body[at:at] = body[at : at + chance.randrange(1, 200)]
                case _:
                    body[at:at] = chance.randbytes(chance.randrange(1, 20))
            if not body:
                break
        try:
            open_file(bytes(body), chance.choice(["a.xlsx", "a.csv", "a.xls", "a.ods"]))
            seen["read"] += 1
        except FengsuiError as refused:
            seen[refused.code] += 1
        except Exception as error:
            raise AssertionError(f"FENGSUI_SECURITY_SEED={SEED}: {bytes(body)[:300]!r}") from error
        boundary.read("a.geojson", bytes(body))
    assert sum(seen.values()) > 20, seen

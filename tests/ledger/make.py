"""Sheets as offices send them, and people who send them."""

from __future__ import annotations

import csv
import io
from typing import Any

from django.utils import timezone
from openpyxl import Workbook

from fengsui.apps.people import queries as people
from fengsui.apps.people.models import Account
from fengsui.core.ledger import taking
from fengsui.core.ledger.register import register
from fengsui.core.models import LedgerImport
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor


def actor(login: str = "leader", world=LIVE) -> Actor:
    return people.actor_for(Account.objects.get(username=login).person_id, world)


def workbook(rows: list[list[Any]], merged: tuple[str, ...] = ()) -> bytes:
    book = Workbook()
    page = book.active
    for row in rows:
        page.append(row)
    for area in merged:
        page.merge_cells(area)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def text(rows: list[list[Any]], encoding: str = "gb18030") -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode(encoding)


def upload(code: str, body: bytes, by: Actor, name: str = "表.xlsx") -> LedgerImport:
    return taking.upload(into=register(code), body=body, file_name=name, by=by, now=timezone.now())


def take(row: LedgerImport, by: Actor, **over: Any) -> LedgerImport:
    taken = taking.take(import_id=row.pk, by=by, now=timezone.now(), **over)
    taken.refresh_from_db()
    return taken


def bring(code: str, body: bytes, by: Actor, name: str = "表.xlsx", **over: Any) -> LedgerImport:
    row = upload(code, body, by, name)
    assert row.state == "checked", row.found
    return take(row, by, **over)

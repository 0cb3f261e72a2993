"""One told story for all of this folder; each test undoes what it did. What was logged and pushed meanwhile is kept."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import connection, transaction

from tests.contracts.story import Story, quick_passwords, tell


@dataclass
class Overheard:
    """Lines as any part wrote them, and what was pushed to open pages."""

    lines: list[str] = field(default_factory=list)
    pushed: list[str] = field(default_factory=list)


@contextmanager
def overhearing(heard: Overheard) -> Iterator[None]:
    handler, root = logging.Handler(logging.DEBUG), logging.getLogger()

    def keep(record: logging.LogRecord) -> None:
        more = {key: value for key, value in record.__dict__.items() if key not in {"args", "msg"}}
        heard.lines.append(f"{record.getMessage()} {record.msg!r} {more!r}")

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.startswith("SELECT core_announce("):
            heard.pushed.append(f"{params[-1]!r}")  # what is kept beside it is no push
        elif "pg_notify" in sql.lower() or sql.startswith("NOTIFY"):
            heard.pushed.append(f"{sql} {params!r}")
        return execute(sql, params, many, context)

    level, handler.emit = root.level, keep  # type: ignore[method-assign]  # a handler of one function
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    try:
        with connection.execute_wrapper(watch):
            yield
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


@pytest.fixture(scope="package")
def told_once(django_db_setup, django_db_blocker) -> Iterator[tuple[Story, Overheard]]:
    heard = Overheard()
    with quick_passwords(), django_db_blocker.unblock(), transaction.atomic():
        with overhearing(heard):
            story = tell()
        yield story, heard
        transaction.set_rollback(True)


@pytest.fixture
def story(told_once: tuple[Story, Overheard], db: None) -> Story:
    return told_once[0]


@pytest.fixture
def overheard(told_once: tuple[Story, Overheard], db: None) -> Overheard:
    return told_once[1]

"""What the running platform sees of itself with `doctor`'s eyes: each group is one proof of life of `core.self`.

A group that is sound is proved, one with a fault fails its proof; the watch of proofs makes that a clock of the system
administrator and ends it by itself (config/proofs.py). No second mechanism.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress

from fengsui.config.ops import doctor_inside, doctor_machine, doctor_parts, doctor_rows, doctor_set
from fengsui.config.ops.doctor_faults import Finding, found
from fengsui.config.ops.doctor_inside import Ask
from fengsui.config.ops.home import Home

CODES: Mapping[str, tuple[str, ...]] = {
    "disk": ("disk_full", "inodes_full"),
    "files": ("secrets_open", "not_writable", "data_open"),
    "time": ("clock_wrong", "database_clock", "broker_clock"),
    "store": ("broker_down", "broker_full", "broker_lost"),
    "server": ("autovacuum_off", "transaction_ids", "connections", "long_transaction", "dead_slot"),
    "tables": ("autovacuum_off_for_table", "old_statistics", "invalid_index", "bloated_index"),
    "schema": ("missing_migration", "newer_schema"),
    "partitions": ("missing_partition",),
    "jobs": ("jobs_late",),
    "audit": ("audit_broken",),
    "owners": ("clock_unowned",),
    "certificate": ("certificate_expired", "certificate_ends"),
}
"""Key of the proof -> codes of the faults that fail it. What has its own proof already is not here: outlets, backup,
parts; jobs that gave up are clocks each."""


def look(ask: Ask) -> dict[str, list[Finding]]:
    """Every group with the faults it has now. Raises what asking raises where the database is gone."""
    sorted_by_code = {code: key for key, codes in CODES.items() for code in codes}
    seen: dict[str, list[Finding]] = {key: [] for key in CODES}
    for each in _all(ask):
        if each.verdict == "bad" and (key := sorted_by_code.get(each.code)):
            seen[key].append(each)
    return seen


def _all(ask: Ask) -> Iterable[Finding]:
    home = Home.here()
    yield from doctor_machine.disks(home)
    yield from doctor_machine.permissions()
    yield from doctor_machine.clock()
    yield from doctor_set.certificate()
    yield from doctor_inside.server(ask)
    yield from doctor_inside.tables(ask)
    yield from doctor_rows.rows(ask)
    yield from doctor_rows.jobs(ask)
    yield from doctor_parts.losses(home)
    if url := os.environ.get("FENGSUI_NATS_URL"):
        yield from _broker(home, url)


def _broker(home: Home, url: str) -> Iterable[Finding]:
    try:
        told = doctor_parts.broker_told(url, doctor_parts.monitor_port(home, url))
    except OSError as error:
        yield found("broker_down", error=error)
        return
    with suppress(ValueError):
        yield from doctor_parts.broker_faults(told)

"""An incident and a report as programs get them; command answers with them too."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fengsui.apps.incidents.models import Incident, Report
from fengsui.core.api.shapes import Moment, Out, point


class IncidentOut(Out):
    id: UUID
    number: str
    title: str
    type_code: str
    type: str
    status: str
    grade: str
    level: str
    source: str
    place: str | None
    area: str
    address: str
    position: list[float] | None
    known_at: Moment
    occurred_at: Moment | None
    verified_at: Moment | None
    ended_at: Moment | None
    closed_at: Moment | None
    summary: str
    sensitive: bool
    trapped: int
    injured: int
    missing: int
    deaths: int
    loss_yuan: str
    warning: UUID | None
    correlation: UUID
    illustrative: bool


class ReportOut(Out):
    id: UUID
    incident: UUID
    stage: str
    n: int
    version: int
    title: str
    status: str
    receiver: str
    fields: dict[str, Any]
    drafted_at: Moment
    signed_at: Moment | None
    sent_at: Moment | None
    late_s: float | None


def incident_out(row: Incident) -> IncidentOut:
    """Also what command answers after its verbs. Who told of it stays inside: a name and a number are personal."""
    return IncidentOut(
        id=row.pk, number=row.number, title=row.title, type_code=row.type_code, type=row.type_name, status=row.status,
        grade=row.grade, level=row.level, source=row.source, place=row.place.code if row.place else None,
        area=row.area_id, address=row.address, position=point(row.point), known_at=row.known_at,
        occurred_at=row.occurred_at, verified_at=row.verified_at, ended_at=row.ended_at, closed_at=row.closed_at,
        summary=row.summary, sensitive=row.sensitive, trapped=row.trapped, injured=row.injured, missing=row.missing,
        deaths=row.deaths, loss_yuan=f"{row.loss_yuan:.2f}", warning=row.warning_id, correlation=row.correlation,
        illustrative=row.provenance == "illustrative",
    )  # fmt: skip


def report_out(row: Report) -> ReportOut:
    return ReportOut(
        id=row.pk, incident=row.incident_id, stage=row.stage, n=row.n, version=row.version, title=row.title,
        status=row.status, receiver=row.receiver, fields=row.fields, drafted_at=row.drafted_at,
        signed_at=row.signed_at, sent_at=row.sent_at, late_s=row.late_s,
    )  # fmt: skip

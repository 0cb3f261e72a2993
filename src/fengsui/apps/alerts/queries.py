"""Reading warnings: locks, boards, who is called, which outlets reach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Case, Exists, IntegerField, Max, OuterRef, Prefetch, Q, QuerySet, Value, When

from fengsui.apps.alerts.models import (
    Bulletin,
    Call,
    Delivery,
    DeliveryAttempt,
    Issuer,
    MassBatch,
    MassReceipt,
    Outlet,
    Warning,
)
from fengsui.apps.alerts.rules import IN_FORCE, MACHINE
from fengsui.apps.people import queries as people
from fengsui.apps.places import queries as places
from fengsui.apps.places.models import Place
from fengsui.core.models import Clock
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor
from fengsui.kernel.clock import MACHINE as CLOCK
from fengsui.kernel.errors import NotFound
from fengsui.kernel.levels import Level

WIDE = frozenset({"duty_officer", "duty_leader", "commander", "auditor", "audit_admin", "system_admin"})
"""Roles that see drafts, the whole district and every call; the others see what was issued for their area."""


def _scope(by: Actor, path: str) -> Q:
    """Rows a person may know of: all for the desk, else what concerns the areas of his posts."""
    return Q() if by.system or by.roles & WIDE else people.in_areas(by, path)


def visible_to(by: Actor) -> QuerySet[Warning]:
    """Warnings a person may open; drafts only for the desk."""
    rows: QuerySet[Warning] = Warning.objects.in_world(by.world).filter(_scope(by, "place__area__code"))
    if not (by.system or by.roles & WIDE):
        rows = rows.filter(issued_at__isnull=False)
    return rows.select_related("place__area", "place__waterlogging")


def bulletins_visible_to(by: Actor) -> QuerySet[Bulletin]:
    rows: QuerySet[Bulletin] = Bulletin.objects.in_world(by.world).filter(_scope(by, "area_code"))
    return rows.select_related("warning__place__area", "warning__place__waterlogging")


def lock(warning_id: UUID, by: Actor) -> Warning:
    """The warning, locked; raises NotFound("alerts.warning.not_found")."""
    row: Warning | None = (
        Warning.objects.in_world(by.world)
        .select_related("place__area", "place__waterlogging")
        .select_for_update(of=("self",))
        .filter(pk=warning_id)
        .first()
    )
    if row is None:
        raise NotFound("alerts.warning.not_found")
    return row


def one_at_a_time(*parts: object) -> None:
    """Until the end of the transaction nobody else is in this place of the code (a named lock)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 7))", [":".join(map(str, parts))])


def one_at_a_time_each(place: str, keys: Iterable[object]) -> None:
    """The same for many, always in one order: two that want some of the same never wait for each other."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(h) FROM (SELECT DISTINCT hashtextextended(k, 7) AS h "
            "FROM unnest(%s::text[]) AS k ORDER BY h) AS sorted",
            [[f"{place}:{key}" for key in keys]],
        )


def open_one(place_id: UUID, hazard: str, by: Actor) -> Warning | None:
    """The open warning of a place and hazard, locked."""
    row: Warning | None = (
        Warning.objects.in_world(by.world)
        .select_related("place__area", "place__waterlogging")
        .select_for_update(of=("self",))
        .filter(place_id=place_id, hazard=hazard, status__in=MACHINE.open_states)
        .first()
    )
    return row


def warning(warning_id: UUID, by: Actor) -> Warning:
    """For reading; raises NotFound where it is out of the person's sight."""
    row: Warning | None = visible_to(by).filter(pk=warning_id).first()
    if row is None:
        raise NotFound("alerts.warning.not_found")
    return row


def bulletin(bulletin_id: UUID, by: Actor) -> Bulletin:
    row: Bulletin | None = bulletins_visible_to(by).filter(pk=bulletin_id).first()
    if row is None:
        raise NotFound("alerts.bulletin.not_found")
    return row


def delivery(delivery_id: UUID, by: Actor) -> Delivery:
    """Locked, for a verb of a person; raises NotFound."""
    row: Delivery | None = (
        Delivery.objects.in_world(by.world)
        .select_related("bulletin__warning", "outlet", "call")
        .select_for_update(of=("self",))
        .filter(pk=delivery_id)
        .first()
    )
    if row is None:
        raise NotFound("alerts.delivery.not_found")
    return row


def delivery_key(delivery_id: UUID, by: Actor) -> UUID:
    """The bulletin of a delivery; raises NotFound."""
    key: UUID | None = (
        Delivery.objects.in_world(by.world).filter(pk=delivery_id).values_list("bulletin_id", flat=True).first()
    )
    if key is None:
        raise NotFound("alerts.delivery.not_found")
    return key


def call(call_id: UUID, by: Actor, *, locked: bool = False) -> Call:
    """A call: one's own, or any for those on duty. Raises NotFound: others may not know that it exists."""
    rows = Call.objects.in_world(by.world).select_related("bulletin__warning__place")
    if locked:
        rows = rows.select_for_update(of=("self",))
    row: Call | None = rows.filter(pk=call_id).first()
    if row is None or not (by.system or row.person_id == by.person or by.roles & WIDE):
        raise NotFound("alerts.call.not_found")
    return row


def duty_post(role: str, jurisdiction: str) -> UUID | None:
    """The post that owes a verb for a jurisdiction: of its bureau, in calling order; None where it is vacant."""
    bureau = places.bureau_of(jurisdiction)
    held = people.by_role(role, bureau.pk) if bureau else []
    return held[0].post if held else None


def issuer(jurisdiction: str) -> Issuer:
    """Raises NotFound("alerts.issuer.not_found") where the district names nobody."""
    row = Issuer.objects.filter(jurisdiction=jurisdiction).first() or Issuer.objects.order_by("jurisdiction").first()
    if row is None:
        raise NotFound("alerts.issuer.not_found", jurisdiction=jurisdiction)
    return row


def outlets_for(area_code: str, level: Level) -> list[Outlet]:
    """Active outlets that reach the area from this level up; an outlet without areas reaches everywhere."""
    rows = Outlet.objects.filter(is_active=True, min_level__lte=int(level))
    return [row for row in rows if not row.areas or any(area_code.startswith(each) for each in row.areas)]


def outlets_told(row: Bulletin) -> list[Outlet]:
    """Outlets by which earlier bulletins of the warning went out, or may have: they have to hear how it goes on."""
    earlier = Delivery.objects.in_world(row.world_id).filter(
        bulletin__warning_id=row.warning_id, bulletin__sequence__lt=row.sequence, call=None
    )
    # A mass sending that was stopped half way has told some people all the same.
    told = MassBatch.objects.filter(delivery=OuterRef("pk")).filter(
        Q(sent__gt=0) | Q(uncertain__gt=0) | Q(state="claimed")
    )
    went = earlier.filter(~Q(state="blocked") | Exists(told))
    return list(Outlet.objects.filter(pk__in=went.values("outlet_id")))


def called_before(row: Bulletin) -> list[Call]:
    """The first call of everybody who was called for an earlier bulletin of the warning."""
    found = Call.objects.in_world(row.world_id).filter(
        bulletin__warning_id=row.warning_id, bulletin__sequence__lt=row.sequence, called_at__isnull=False
    )
    return list({each.person_id: each for each in found.order_by("-called_at")}.values())


def recall_took(row: Bulletin) -> float | None:
    """Seconds from the press on 撤销 to the last receipt; None for other bulletins, or while one is owed."""
    if row.kind != "cancel":
        return None
    about = {"about_type": "alerts.bulletin", "about_id": str(row.pk), "kind": "alerts.recall", "state": "met"}
    clock = Clock.objects.in_world(row.world_id).filter(**about).first()
    return (clock.closed_at - clock.started_at).total_seconds() if clock is not None and clock.closed_at else None


def call_lines(place: Place) -> dict[str, list[people.Holder]]:
    """叫应 lines of a place, each to the last name; nobody stands on two lines."""
    lines = {"territory": places.call_chain_for(place)}
    if hasattr(place, "waterlogging"):
        posts = places.posts_of_point(place)
        held = people.holders(posts.values())
        for duty in ("traffic", "drainage"):
            lines[duty] = held.get(posts[duty], []) if duty in posts else []
    if not any(lines.values()):
        bureau = places.bureau_of(place.jurisdiction)
        lines["territory"] = people.by_role("duty_officer", bureau.pk) if bureau else []
    seen: set[UUID] = set()
    for name, chain in lines.items():
        lines[name] = [each for each in chain if each.person not in seen and not seen.add(each.person)]  # type: ignore[func-returns-value]  # add gives None, which is what the filter wants
    return {name: chain for name, chain in lines.items() if chain}


def line_of(place: Place, level: Level) -> float | None:
    """The place's own line of a level in metres; None where it has none."""
    if not hasattr(place, "waterlogging"):
        return None
    line: float | None = place.waterlogging.ladder_m.get(level.code)
    return line


def earlier(row: Warning) -> list[Bulletin]:
    """All bulletins of a warning, oldest first, without their bytes."""
    return list(Bulletin.objects.in_world(row.world_id).filter(warning=row).defer("sent_xml").order_by("sequence"))


def is_latest(row: Bulletin) -> bool:
    later = Bulletin.objects.in_world(row.world_id).filter(warning_id=row.warning_id, sequence__gt=row.sequence)
    return not later.exists()


def standing(warnings: Iterable[UUID], world: UUID) -> dict[UUID, tuple[str, int]]:
    """Status and the latest bulletin's number of each warning, as they are now."""
    rows = Warning.objects.in_world(world).filter(pk__in=set(warnings)).annotate(latest=Max("bulletins__sequence"))
    return {key: (status, latest or 0) for key, status, latest in rows.values_list("pk", "status", "latest")}


def open_clocks(about: str, keys: Iterable[UUID], world: UUID) -> dict[str, list[Clock]]:
    """Open clocks by subject, the first due first."""
    found: dict[str, list[Clock]] = {}
    rows = Clock.objects.in_world(world).filter(
        about_type=about, about_id__in=[str(key) for key in keys], state__in=CLOCK.open_states
    )
    for row in rows.order_by("due_at"):
        found.setdefault(row.about_id, []).append(row)
    return found


def queue(world: UUID) -> QuerySet[Warning]:
    """Open warnings: what waits for a decision first, then the worst."""
    decide = Case(
        When(status__in=["draft", "revising"], then=Value(0)),
        When(status__in=["confirmed", "revised"], then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    rows: QuerySet[Warning] = (
        Warning.objects.in_world(world)
        .filter(status__in=MACHINE.open_states)
        .select_related("place__area", "place__waterlogging")
        .annotate(turn=decide)
        .order_by("turn", "-level", "drafted_at", "id")
    )
    return rows


def history(
    by: Actor, *, text: str = "", status: str = "", level: int = 0, since: datetime | None = None
) -> QuerySet[Warning]:
    """All warnings a person may see, newest first, with filters."""
    rows = visible_to(by)
    if text:
        rows = rows.filter(Q(place__name__icontains=text) | Q(place__code__iexact=text))
    if status:
        rows = rows.filter(status=status)
    if level:
        rows = rows.filter(level=level)
    if since:
        rows = rows.filter(drafted_at__gte=since)
    return rows.order_by("-drafted_at", "id")


def in_force(world: UUID, now: datetime) -> QuerySet[Bulletin]:
    """The latest bulletin of each warning in force: what screens show."""
    later = Bulletin.objects.all_worlds("inside one warning").filter(
        warning_id=OuterRef("warning_id"), sequence__gt=OuterRef("sequence")
    )
    rows: QuerySet[Bulletin] = (
        Bulletin.objects.in_world(world)
        .filter(~Exists(later), warning__status__in=IN_FORCE, expires_at__gt=now)
        .select_related("warning__place")
        .defer("sent_xml")
        .order_by("-level", "-sent_at")
    )
    return rows


def last_changed(now: datetime, days: int = 30) -> datetime | None:
    """When what is in force in the live world last changed: a bulletin was issued, or one ran out."""
    recent = Bulletin.objects.in_world(LIVE).filter(sent_at__gte=now - timedelta(days=days))
    found = recent.aggregate(sent=Max("sent_at"), over=Max("expires_at", filter=Q(expires_at__lte=now)))
    return max((at for at in found.values() if at), default=None)


def feed(now: datetime, hours: int = 72) -> QuerySet[Bulletin]:
    """Bulletins of the live world that the public feed lists, newest first."""
    rows: QuerySet[Bulletin] = (
        Bulletin.objects.in_world(LIVE)
        .filter(sent_at__gte=now - timedelta(hours=hours))
        .defer("sent_xml")
        .order_by("-sent_at", "-id")[:200]
    )
    return rows


def public_bulletin(identifier: str) -> Bulletin | None:
    """Only of the live world."""
    row: Bulletin | None = Bulletin.objects.in_world(LIVE).filter(identifier=identifier).first()
    return row


def deliveries(row: Bulletin) -> list[Delivery]:
    """Deliveries with every attempt; dead ones first."""
    rank = Case(
        When(state="dead", then=Value(0)),
        When(state__in=["failed", "pending"], then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )
    return list(
        Delivery.objects.in_world(row.world_id)
        .filter(bulletin=row)
        .select_related("outlet", "call")
        .prefetch_related(Prefetch("attempts", DeliveryAttempt.objects.order_by("n")))
        .annotate(rank=rank)
        .order_by("rank", "call__line", "call__turn", "outlet_id")
    )


def mass_counts(row: Delivery) -> dict[str, Any]:
    """total, sent, refused, uncertain (each time), waiting; of telephones asked, delivered, failed; providers: name ->
    outcome -> how many. One query."""
    summed = ("sent", "refused", "uncertain", "asked", "delivered", "failed")
    made: dict[str, Any] = {"total": 0, **dict.fromkeys(summed, 0), "waiting": 0, "providers": {}}
    fields = ("size", "settled", "providers", *summed)
    for each in MassBatch.objects.filter(delivery=row).values(*fields):
        made["total"] += each["size"]
        made["waiting"] += each["size"] - each["settled"]
        for outcome in summed:
            made[outcome] += each[outcome]
        for provider, outcomes in each["providers"].items():
            own = made["providers"].setdefault(provider, {})
            for outcome, n in outcomes.items():
                own[outcome] = own.get(outcome, 0) + n
    return made


def failed_words(row: Delivery) -> list[tuple[str, int]]:
    """Why telephones got nothing, in the networks' words, commonest first; five of them."""
    rows = MassReceipt.objects.filter(batch__delivery=row, outcome="failed").values_list("word", "places")
    counted: Counter[str] = Counter()
    for word, told in rows:
        counted[word] += len(told)
    return counted.most_common(5)


def calls(row: Bulletin) -> list[Call]:
    """To the last name: who has not answered first."""
    rank = {"called": 0, "passed": 1, "waiting": 2, "answered": 3, "spared": 4}
    rows = Call.objects.in_world(row.world_id).filter(bulletin=row)
    return sorted(rows, key=lambda each: (rank[each.state], each.line, each.turn))


def open_calls(by: Actor) -> QuerySet[Call]:
    """Calls that a person owes an answer to."""
    rows: QuerySet[Call] = (
        Call.objects.in_world(by.world)
        .filter(person_id=by.person, state__in=["called", "passed"])
        .select_related("bulletin")
        .order_by("called_at")
    )
    return rows


def waiting_deliveries(before: datetime, beyond: datetime, limit: int = 500) -> list[Delivery]:
    """Deliveries whose time has come and that no job seems to carry: for the sweep over all worlds.

    `beyond`: no next try is written so far ahead, unless by a clock that has been set back since (rules.is_due).
    """
    rows = Delivery.objects.all_worlds("the sweep serves every world").filter(
        Q(next_try_at__lt=before) | Q(next_try_at__gt=beyond), state__in=["pending", "failed"]
    )
    return list(rows.select_related("bulletin").defer("bulletin__sent_xml").order_by("next_try_at")[:limit])


_OUTLET_NAMES: dict[str, tuple[str, str]] = {}


def outlet_names(code: str) -> tuple[str, str]:
    """Chinese and English name of an outlet. Asked once a process: names change with a new start."""
    if code not in _OUTLET_NAMES:
        found = Outlet.objects.filter(pk=code).values_list("name", "name_en").first()
        if found is None:
            return code, code
        _OUTLET_NAMES[code] = found
    return _OUTLET_NAMES[code]

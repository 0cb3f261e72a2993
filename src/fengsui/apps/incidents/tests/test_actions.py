from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.db.transaction import atomic

from fengsui.apps.incidents import actions, intake, queries, reports
from fengsui.apps.incidents.models import Incident, Report
from fengsui.apps.incidents.tests.make import NOW, make_incident
from fengsui.apps.places.models import Place
from fengsui.core.models import AuditRow, Clock, StoredEvent
from fengsui.core.web import seen
from fengsui.core.worlds import LIVE
from fengsui.kernel.actor import Actor
from fengsui.kernel.errors import Forbidden, Invalid, NotFound, Refused
from fengsui.kernel.levels import Level

pytestmark = pytest.mark.django_db


def clocks_of(row):
    found = Clock.objects.in_world(LIVE).filter(about_id=str(row.pk)).order_by("kind")
    return {clock.kind: (clock.state, (clock.due_at - clock.started_at).total_seconds() / 60) for clock in found}


def events_of(row):
    return list(StoredEvent.objects.filter(about_id=str(row.pk)).order_by("id").values_list("name", flat=True))


def test_opening_draws_a_number_and_starts_statutory_clocks_at_knowledge(actors):
    known = NOW - timedelta(minutes=4)
    incident = make_incident(actors["duty"], known_at=known, verified=False)
    assert incident.number == "210106-20260729-001"
    assert incident.status == "received"
    assert clocks_of(incident) == {
        "incidents.disaster_report": ("running", 120),
        "incidents.first_report_phone": ("running", 30),
        "incidents.first_report_written": ("running", 60),
        "incidents.verify": ("running", 15),
    }
    phone = Clock.objects.in_world(LIVE).get(kind="incidents.first_report_phone")
    assert (phone.started_at, phone.url) == (known, f"/incidents/{incident.pk}/")
    assert events_of(incident) == ["incidents.IncidentOpened"]
    assert AuditRow.objects.filter(subject=f"incidents.incident:{incident.pk}").count() == 1


def test_second_incident_is_refused_when_one_is_open_at_the_place(actors):
    first = make_incident(actors["duty"])
    with pytest.raises(Refused) as refused:
        make_incident(actors["duty2"])
    assert refused.value.facts["number"] == first.number
    assert Incident.objects.in_world(LIVE).count() == 1
    assert make_incident(actors["duty"], code="WL02").number == "210106-20260729-002"


def test_opening_is_forbidden_when_the_role_is_public(actors):
    with pytest.raises(Forbidden):
        make_incident(actors["public"])
    assert not Incident.objects.in_world(LIVE).exists()
    assert not StoredEvent.objects.filter(name__startswith="incidents.").exists()


def test_knowledge_is_fixed_when_anybody_tries_to_change_it(actors):
    incident = make_incident(actors["duty"])
    incident.known_at += timedelta(minutes=20)
    with pytest.raises(IntegrityError, match="fixed"), atomic():
        incident.save()
    with pytest.raises(IntegrityError, match="fixed"), atomic():
        Incident.objects.in_world(LIVE).filter(pk=incident.pk).delete()


def test_verifying_closes_its_clock_and_a_second_press_is_refused(actors):
    incident = make_incident(actors["duty"], verified=False)
    actions.verify(incident_id=incident.pk, by=actors["duty"], now=NOW + timedelta(minutes=3), note="街道核实")
    assert clocks_of(incident)["incidents.verify"][0] == "met"
    with pytest.raises(Refused, match=r"incident\.verify\.wrong_state"):
        actions.verify(incident_id=incident.pk, by=actors["duty2"], now=NOW)
    assert events_of(incident) == ["incidents.IncidentOpened", "incidents.IncidentVerified"]


def test_false_alarm_cancels_every_clock_with_the_reason(actors):
    incident = make_incident(actors["duty"], verified=False)
    with pytest.raises(Invalid, match=r"incidents\.reason\.missing"):
        actions.dismiss(incident_id=incident.pk, by=actors["duty"], now=NOW, reason="  ")
    actions.dismiss(incident_id=incident.pk, by=actors["duty"], now=NOW, reason="现场无积水")
    assert {state for state, _limit in clocks_of(incident).values()} == {"cancelled"}


def test_merging_keeps_the_target_and_stops_own_clocks(actors):
    first, second = make_incident(actors["duty"]), make_incident(actors["duty"], code="WL02")
    with pytest.raises(Invalid, match=r"incidents\.merge\.itself"):
        actions.merge(incident_id=first.pk, into_id=first.pk, by=actors["duty"], now=NOW, reason="同一场雨")
    merged = actions.merge(incident_id=second.pk, into_id=first.pk, by=actors["duty"], now=NOW, reason="同一场雨")
    assert (merged.status, merged.merged_into_id) == ("merged", first.pk)
    assert {state for state, _limit in clocks_of(second).values()} == {"cancelled"}
    assert {state for state, _limit in clocks_of(first).values()} == {"running"}


def test_phone_report_closes_its_clock_and_is_frozen(actors):
    incident = make_incident(actors["duty"])
    report = reports.draft(incident_id=incident.pk, stage="first_phone", by=actors["duty"], now=NOW)
    assert report.fields["said"].startswith("2026年7月29日2时31分，启工街道1号地道桥内涝，现地为橙色")
    reports.send(report_id=report.pk, by=actors["duty"], now=NOW + timedelta(minutes=12))
    report.refresh_from_db()
    assert (report.status, report.limit_s, report.late_s) == ("sent", 1800, 0.0)
    assert clocks_of(incident)["incidents.first_report_phone"][0] == "met"
    report.fields = {"said": "改写"}
    with pytest.raises(IntegrityError, match="frozen"), atomic():
        report.save()
    with pytest.raises(IntegrityError, match="kept"), atomic():
        Report.objects.in_world(LIVE).filter(pk=report.pk).delete()
    reports.confirm(report_id=report.pk, by=actors["duty"], now=NOW, receipt="市局值班员 王")
    assert events_of(report) == ["incidents.ReportDrafted", "incidents.ReportSent", "incidents.ReportReceived"]


def test_written_report_needs_a_second_person_and_late_is_written_down(actors):
    incident = make_incident(actors["duty"])
    report = reports.draft(incident_id=incident.pk, stage="first_written", by=actors["leader"], now=NOW)
    with pytest.raises(Invalid, match=r"incidents\.report\.missing"):
        reports.submit(report_id=report.pk, by=actors["leader"], now=NOW)
    reports.edit(report_id=report.pk, by=actors["leader"], fields={**report.fields, "measures": "封路、抽排", "x": "y"})
    reports.submit(report_id=report.pk, by=actors["leader"], now=NOW)
    with pytest.raises(Refused, match=r"incidents\.sign\.own_draft"):
        reports.sign(report_id=report.pk, by=actors["leader"], now=NOW)
    with pytest.raises(Forbidden):
        reports.sign(report_id=report.pk, by=actors["duty"], now=NOW)
    with pytest.raises(Refused, match=r"report\.send\.wrong_state"):
        reports.send(report_id=report.pk, by=actors["duty"], now=NOW)
    reports.sign(report_id=report.pk, by=actors["commander"], now=NOW)
    sent = reports.send(report_id=report.pk, by=actors["duty"], now=NOW + timedelta(minutes=75))
    assert (sent.late_s, sent.sent_at - sent.known_at) == (900.0, timedelta(minutes=75))
    assert "x" not in sent.fields
    assert events_of(report)[:3] == [
        "incidents.ReportDrafted",
        "incidents.ReportEdited",
        "incidents.ReportSubmitted",
    ]
    after = clocks_of(incident)
    assert after["incidents.first_report_written"][0] == "met"
    assert after["incidents.disaster_report"][0] == "met"
    assert after["incidents.follow_up"] == ("running", 120)


def test_edit_records_what_changed_and_nothing_when_nothing_did(actors):
    incident = make_incident(actors["duty"])
    report = reports.draft(incident_id=incident.pk, stage="first_phone", by=actors["duty"], now=NOW)
    reports.edit(report_id=report.pk, by=actors["duty"], fields={**report.fields, "requests": "增派泵车"})
    reports.edit(report_id=report.pk, by=actors["duty"], fields={**report.fields, "requests": "增派泵车"})
    assert events_of(report) == ["incidents.ReportDrafted", "incidents.ReportEdited"]
    row = AuditRow.objects.get(verb="incidents.ReportEdited")
    assert '"after":{"requests":"增派泵车"},"before":{"requests":""}' in row.facts


def test_written_report_proves_the_call_as_well(actors):
    incident = make_incident(actors["duty"])
    send_written(incident, actors)
    states = {kind: state for kind, (state, _limit) in clocks_of(incident).items()}
    assert states["incidents.first_report_phone"] == states["incidents.first_report_written"] == "met"


def send_written(incident, actors):
    report = reports.draft(incident_id=incident.pk, stage="first_written", by=actors["duty"], now=NOW)
    reports.edit(report_id=report.pk, by=actors["duty"], fields={**report.fields, "measures": "封路、抽排"})
    reports.submit(report_id=report.pk, by=actors["duty"], now=NOW)
    reports.sign(report_id=report.pk, by=actors["leader"], now=NOW)
    reports.send(report_id=report.pk, by=actors["duty"], now=NOW)


def test_correction_is_a_new_version_when_a_sent_report_was_wrong(actors):
    incident = make_incident(actors["duty"])
    report = reports.draft(incident_id=incident.pk, stage="first_phone", by=actors["duty"], now=NOW)
    reports.send(report_id=report.pk, by=actors["duty"], now=NOW)
    new = reports.correct(report_id=report.pk, by=actors["duty"], now=NOW)
    assert (new.version, new.replaces_id, new.n, new.title) == (
        2,
        report.pk,
        1,
        "启工街道1号地道桥内涝（初报）（更正）",
    )


def test_second_draft_is_refused_when_one_is_unsent(actors):
    incident = make_incident(actors["duty"])
    reports.draft(incident_id=incident.pk, stage="first_phone", by=actors["duty"], now=NOW)
    with pytest.raises(Refused, match=r"incidents\.report\.one_open"):
        reports.draft(incident_id=incident.pk, stage="first_phone", by=actors["duty2"], now=NOW)


def test_closing_is_refused_when_tasks_are_open_and_done_after_the_final_report(actors):
    incident = make_incident(actors["duty"])
    actions.end(incident_id=incident.pk, by=actors["duty"], now=NOW, reason="水位回落")
    assert clocks_of(incident)["incidents.final_report"] == ("running", 1440)
    final = reports.draft(incident_id=incident.pk, stage="final", by=actors["duty"], now=NOW)
    fields = {"summary": "积水", "disposal": "抽排", "losses": "无"}
    reports.edit(report_id=final.pk, by=actors["duty"], fields=fields)
    reports.submit(report_id=final.pk, by=actors["duty"], now=NOW)
    reports.sign(report_id=final.pk, by=actors["leader"], now=NOW)
    reports.send(report_id=final.pk, by=actors["duty"], now=NOW)
    incident.refresh_from_db()
    assert incident.status == "reported"
    with pytest.raises(Refused) as refused:
        actions.close(incident_id=incident.pk, by=actors["leader"], now=NOW, unfinished=["抽排"])
    assert refused.value.facts == {"count": 1, "titles": "抽排"}
    with pytest.raises(Refused, match=r"incidents\.close\.open_clocks"):
        actions.close(incident_id=incident.pk, by=actors["leader"], now=NOW, unfinished=[])
    send_written(incident, actors)
    with pytest.raises(Forbidden):
        actions.close(incident_id=incident.pk, by=actors["duty"], now=NOW, unfinished=[])
    assert actions.close(incident_id=incident.pk, by=actors["leader"], now=NOW, unfinished=[]).status == "closed"


def test_street_sees_only_its_own_area(actors):
    here, there = make_incident(actors["duty"]), make_incident(actors["duty"], code="WL02")
    assert list(queries.visible_to(actors["street"])) == [here]
    assert set(queries.visible_to(actors["traffic"])) == {here, there}
    assert not queries.visible_to(actors["public"]).exists()
    with pytest.raises(NotFound):
        queries.get(there.pk, actors["street"])


def test_note_is_appended_and_corrected_by_a_new_row(actors):
    incident = make_incident(actors["duty"])
    entry = actions.note(incident_id=incident.pk, by=actors["street"], now=NOW, text="桥下两车")
    actions.note(incident_id=incident.pk, by=actors["street"], now=NOW, text="是一车", corrects=entry.pk)
    entry.text = "改"
    with pytest.raises(IntegrityError, match="append-only"), atomic():
        entry.save()
    with pytest.raises(Forbidden):
        actions.note(incident_id=incident.pk, by=actors["street2"], now=NOW, text="路过")
    assert incident.log.count() == 2


def make_warning():
    from fengsui.apps.alerts.models import Warning

    return Warning.objects.create(
        world_id=LIVE,
        place=Place.objects.get(code="WL01"),
        hazard="waterlogging",
        level=3,
        trigger="observed",
        correlation=actors_chain,
        drafted_at=NOW,
        onset_at=NOW - timedelta(minutes=9),
    )


actors_chain = "11111111-1111-4111-8111-111111111111"


def follow(warning, level, by, at=NOW):
    return intake.follow_bulletin(
        warning_id=warning.pk,
        place_id=warning.place_id,
        hazard="waterlogging",
        level=level,
        headline="启工街道1号地道桥积水橙色预警",
        at=at,
        by=by,
    )


def test_bulletin_opens_an_incident_by_itself_from_orange_and_only_raises_it_after(actors):
    warning, system = make_warning(), Actor(world=LIVE, system="test")
    assert follow(warning, Level.YELLOW, system) is None
    incident = follow(warning, Level.ORANGE, system)
    assert (incident.status, incident.source, incident.warning_id) == ("verified", "bulletin", warning.pk)
    assert (incident.occurred_at, incident.known_at) == (NOW - timedelta(minutes=9), NOW)
    assert incident.correlation == system.correlation
    assert follow(warning, Level.RED, system).pk == incident.pk
    incident.refresh_from_db()
    assert incident.level == "red"
    assert events_of(incident) == ["incidents.IncidentOpened", "incidents.IncidentRaised"]
    assert Incident.objects.in_world(LIVE).count() == 1


def test_second_writer_is_told_when_the_draft_changed_after_his_form_was_opened(actors):
    incident = make_incident(actors["duty"])
    report = reports.draft(incident_id=incident.pk, stage="first_phone", by=actors["duty"], now=NOW)
    shown = seen.mark({**report.fields, "receiver": report.receiver})
    first = reports.edit(
        report_id=report.pk, by=actors["leader"], fields={**report.fields, "requests": "增派泵车"}, shown=shown
    )
    with pytest.raises(Refused, match=r"core\.seen\.changed"):
        reports.edit(report_id=report.pk, by=actors["duty"], fields={"requests": "不需要"}, shown=shown)
    first.refresh_from_db()
    assert first.fields["requests"] == "增派泵车"
    again = seen.mark({**first.fields, "receiver": first.receiver})
    reports.edit(report_id=report.pk, by=actors["duty"], fields={**first.fields, "requests": "不需要"}, shown=again)
    assert events_of(report).count("incidents.ReportEdited") == 2

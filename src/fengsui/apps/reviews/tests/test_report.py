"""The report as a document: GB/T 9704 as far as the reference verifies it, numbered, frozen, its marks readable."""

import hashlib
import io
import re

import pytest
from django.db import IntegrityError
from django.db.transaction import atomic
from pypdf import PdfReader

from fengsui.apps.incidents.tests.make import NOW
from fengsui.apps.reviews import actions, jobs, rules
from fengsui.apps.reviews.models import Paper
from fengsui.apps.reviews.tests.test_findings import copied, raised
from fengsui.apps.reviews.tests.test_reviews import ended, enter
from fengsui.core.models import World
from fengsui.core.worlds import LIVE
from fengsui.kernel.errors import Forbidden, Refused

__all__ = ["ended"]
pytestmark = pytest.mark.django_db
MM = 72 / 25.4


@pytest.fixture
def finished(ended, actors):
    raised(ended, actors)
    actions.finish(
        incident_id=ended.pk, by=actors["leader"], now=NOW, assessment="派车快，到场慢", lessons="增设泵车点"
    )
    return ended


def made(paper):
    jobs.render(str(paper.pk))
    found = Paper._base_manager.get(pk=paper.pk)
    assert found.status == "ready", found.reason
    return found, PdfReader(io.BytesIO(bytes(found.pdf)))


def text_of(page):
    return re.sub(r"\s", "", page.extract_text())


def test_draft_says_so_on_every_page_and_has_no_number_when_made(ended, actors):
    paper, pdf = made(actions.request_paper(incident_id=ended.pk, by=actors["duty"], now=NOW))
    assert (paper.kind, paper.number) == ("draft", "")
    for page in pdf.pages:
        assert "草稿未印发" in text_of(page)
    assert "〔" not in text_of(pdf.pages[0])
    assert "文件" not in text_of(pdf.pages[0])


def test_issued_report_has_its_number_head_date_and_findings_when_made(finished, actors):
    paper, pdf = made(actions.issue_report(incident_id=finished.pk, by=actors["leader"], now=NOW))
    whole = "".join(text_of(page) for page in pdf.pages)
    first = text_of(pdf.pages[0])
    assert paper.number in first
    assert re.fullmatch(r"应急复盘〔\d{4}〕1号", paper.number)
    for wanted in ("文件", "复盘报告"):
        assert wanted in first
    for wanted in ("派车快", "泵车到场慢", "铁西北段增设", "七、指标", "盖章处", "印发", "附件"):
        assert wanted in whole
    assert "草稿" not in whole
    assert "演练" not in whole
    assert paper.sha256 == hashlib.sha256(bytes(paper.pdf)).hexdigest()
    with pytest.raises(IntegrityError, match="frozen"), atomic():
        Paper.objects.in_world(LIVE).filter(pk=paper.pk).update(number="改")


def test_pages_are_a4_with_dashed_numbers_right_on_odd_and_left_on_even_when_printed(finished, actors):
    _paper, pdf = made(actions.issue_report(incident_id=finished.pk, by=actors["leader"], now=NOW))
    assert len(pdf.pages) > 1
    for number, page in enumerate(pdf.pages, 1):
        assert (float(page.mediabox.width), float(page.mediabox.height)) == pytest.approx((210 * MM, 297 * MM), abs=0.5)
        places = []
        page.extract_text(visitor_text=lambda text, _cm, tm, _font, _size, found=places: found.append((text, tm[4])))
        x = next(left for text, left in places if "—" in text)
        assert f"—{number}—" in text_of(page)
        assert (x > 105 * MM) == (number % 2 == 1)


def test_full_lines_hold_twenty_eight_characters_when_set(ended, actors):
    type(ended).objects.in_world(LIVE).filter(pk=ended.pk).update(summary="国" * 28 * 6)
    paper, pdf = made(actions.request_paper(incident_id=ended.pk, by=actors["duty"], now=NOW))
    rows = [line.strip() for page in pdf.pages for line in page.extract_text().splitlines()]
    assert [len(row) for row in rows if set(row) == {"国"} and len(row) > 20][:4] == [28] * 4
    assert paper.pages == len(pdf.pages)


def test_number_is_used_again_when_making_failed_and_replaced_when_issued_again(finished, actors, monkeypatch):
    first = actions.issue_report(incident_id=finished.pk, by=actors["leader"], now=NOW)
    assert actions.issue_report(incident_id=finished.pk, by=actors["leader"], now=NOW).pk == first.pk
    with monkeypatch.context() as broken:
        broken.setattr(jobs, "pdf_of", lambda html: (_ for _ in ()).throw(OSError("字体不见了")))
        jobs.render(str(first.pk))
    again, _pdf = made(actions.issue_report(incident_id=finished.pk, by=actors["leader"], now=NOW))
    first.refresh_from_db()
    assert (first.status, again.number, again.replaces_id) == ("failed", first.number, None)
    second, pdf = made(actions.issue_report(incident_id=finished.pk, by=actors["leader"], now=NOW))
    assert second.number != again.number
    assert second.replaces_id == again.pk
    assert f"代替{again.number}" in "".join(text_of(page) for page in pdf.pages)


def test_report_is_not_issued_when_unfinished_or_by_another(ended, actors):
    with pytest.raises(Refused, match="not_finished"):
        actions.issue_report(incident_id=ended.pk, by=actors["leader"], now=NOW)
    with pytest.raises(Forbidden):
        actions.issue_report(incident_id=ended.pk, by=actors["duty"], now=NOW)
    assert not Paper.objects.in_world(LIVE).exists()


def test_exercise_is_marked_on_every_page_and_in_title_and_number_when_it_was_one(finished, actors):
    drill = World.objects.create(kind="exercise", name="七月演练", started_at=NOW, ended_at=NOW)
    paper = Paper.objects.create(
        world_id=drill.pk, incident=copied(finished, drill), kind="issued",
        number=rules.document_number(2026, 1, "演3f2a"),
        requested_by=actors["leader"].person, requested_at=NOW,
    )  # fmt: skip
    kept, pdf = made(paper)
    for page in pdf.pages:
        assert "演练不对外" in text_of(page)
    first = text_of(pdf.pages[0])
    assert "【演练】关于" in first
    assert "演练：七月演练" in first
    assert kept.number in first


def test_page_offers_draft_then_issue_and_opens_for_printing_when_finished(finished, actors, client):
    page = f"/reviews/{finished.pk}/"
    leader = enter(client, actors, "leader")
    assert "印发复盘报告" in leader.get(page).content.decode()
    leader.post(f"{page}issue")
    paper = Paper.objects.in_world(LIVE).get(kind="issued")
    jobs.render(str(paper.pk))
    body = leader.get(f"{page}papers").content.decode()
    assert paper.number in body
    opened, saved = leader.get(f"/reviews/papers/{paper.pk}.pdf?view=1"), leader.get(f"/reviews/papers/{paper.pk}.pdf")
    assert opened.headers["Content-Disposition"].startswith("inline")
    assert saved.headers["Content-Disposition"].startswith("attachment")
    assert "印发复盘报告" not in enter(client, actors, "duty").get(page).content.decode()

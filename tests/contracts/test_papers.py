"""A statutory report as an official document: what stands on it, and that no draft looks like an issued one."""

from __future__ import annotations

import pytest

from fengsui.apps.incidents.models import Report
from fengsui.core.worlds import LIVE
from tests.contracts.story import client_of, tell


@pytest.mark.django_db
def test_report_as_a_document_says_whose_it_is_what_it_holds_and_whether_it_was_signed(settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    story = tell()
    duty = client_of("duty")
    duty.cookies["django_language"] = "en"  # a document has one language, whatever the reader's
    report = Report.objects.in_world(LIVE).get(pk=story.ids["report_id"])
    where = f"/incidents/reports/{report.pk}/paper"

    Report.objects.in_world(LIVE).filter(pk=report.pk).update(status="draft", fields={"said": "<b>水</b>深 30 cm"})
    draft = duty.get(where).content.decode()
    assert "草稿，未签发" in draft
    assert "&lt;b&gt;水&lt;/b&gt;深 30 cm" in draft
    assert f"{report.receiver}：" in draft
    assert 'class="qr"' in draft

    Report.objects.in_world(LIVE).filter(pk=report.pk).update(status="signed")
    assert "草稿" not in duty.get(where).content.decode()
    assert client_of("team").get(where).status_code == 404

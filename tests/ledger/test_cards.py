"""Cards with a QR code: which rows, whose names, where the code leads."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from fengsui.apps.people.models import Holding
from fengsui.apps.people.queries import posts_said
from fengsui.apps.places.models import Shelter
from fengsui.apps.places.queries import shelters_visible_to
from fengsui.apps.resources.models import Depot, Team
from fengsui.core.ledger.cards import SHEETS, sheets
from fengsui.core.ledger.columns import degrees
from fengsui.core.ledger.register import registers
from fengsui.core.ui.paper import qr
from tests.contracts.story import client_of
from tests.ledger.make import actor
from tests.ledger.test_pages import page


@pytest.fixture
def client(district):
    return client_of("leader")


def test_every_register_of_things_out_there_has_cards_when_asked(client):
    with_cards = {code for code, register in registers().items() if register.card}
    assert with_cards == {"waterlogging-points", "shelters", "checkpoints", "teams", "depots", "stations"}
    for code in with_cards:
        shown = page(client, f"/registers/{code}/cards?size=a3")
        assert 'class="idcard"' in shown
        assert f"/registers/{code}/cards" in page(client, f"/registers/{code}/")
    assert "没有卡片" in page(client, "/registers/stock/cards", 404)


def test_code_opens_the_rows_own_page_when_scanned(client):
    team = Team.objects.order_by("code")[0]
    where = reverse("ledger:row-show", args=["teams", str(team.pk)])
    shown = page(client, f"/registers/teams/cards?rows={team.pk}")
    assert shown.count('class="idcard"') == 1
    assert str(qr(where)) in shown
    assert team.code in shown
    assert f"/registers/teams/cards?rows={team.pk}" in page(client, where)


def test_only_ticked_rows_are_printed_when_some_are_ticked(client):
    some = [str(pk) for pk in Shelter.objects.order_by("place__code").values_list("pk", flat=True)[:3]]
    sent = client.post("/registers/shelters/bulk", {"act": "cards", "rows": some, "query": "sort=-name"})
    assert sent.status_code == 302
    assert page(client, sent.headers["Location"]).count('class="idcard"') == 3
    none = client.post("/registers/shelters/bulk", {"act": "cards", "query": ""}, follow=True)
    assert "先选几行" in none.content.decode()
    assert page(client, "/registers/shelters/cards?rows=no-key").count('class="idcard"') == 0


def test_filter_of_the_list_holds_for_its_cards_when_nothing_is_ticked(client):
    grade = Shelter.objects.order_by("place__code")[0].grade
    count = Shelter.objects.filter(grade=grade, place__retired_at=None).count()
    shown = page(client, f"/registers/shelters/cards?f.grade={grade}")
    assert shown.count('class="idcard"') == count
    assert grade in shown


def test_who_answers_is_named_by_rights_and_never_with_a_telephone(client):
    depot = Depot.objects.exclude(keeper_post=None).select_related("keeper_post", "place__area")[0]
    holding = Holding.objects.now().select_related("person").filter(post=depot.keeper_post)[0]
    shown = page(client, f"/registers/depots/cards?rows={depot.pk}")
    assert f"{depot.keeper_post.title} {holding.person.name}" in shown
    assert holding.person.phone
    assert holding.person.phone not in shown
    named = posts_said([depot.keeper_post.code], actor("community"))
    assert named == {depot.keeper_post.code: depot.keeper_post.title}  # who holds it is not his to see


def test_nobody_gets_a_card_of_a_row_that_he_may_not_see(district):
    street, own = client_of("street"), shelters_visible_to(actor("street"))
    hidden = Shelter.objects.exclude(pk__in=own.values("pk")).select_related("place")[0]
    assert 'class="idcard"' not in page(street, f"/registers/shelters/cards?rows={hidden.pk}")
    assert page(street, "/registers/shelters/cards").count('class="idcard"') == own.count() > 0


def test_cards_cost_as_many_queries_for_one_row_as_for_all(client):
    one = Shelter.objects.order_by("place__code")[0].pk
    page(client, "/registers/shelters/cards")
    with CaptureQueriesContext(connection) as few:
        page(client, f"/registers/shelters/cards?rows={one}")
    with CaptureQueriesContext(connection) as many:
        page(client, "/registers/shelters/cards")
    assert len(many) == len(few)


def test_sheets_are_full_when_there_are_enough_and_positions_read_as_people_say_them():
    assert [len(sheet) for sheet in sheets(range(20), "a4")] == [8, 8, 4]  # type: ignore[arg-type]  # anything is dealt out
    assert [len(sheet) for sheet in sheets(range(20), "a3")] == [16, 4]  # type: ignore[arg-type]  # as above
    assert SHEETS["a3"] == 2 * SHEETS["a4"]
    assert degrees([123.3765, 41.79231]) == "41.79231° N, 123.37650° E"
    assert degrees([-51.2, -30.03]) == "30.03000° S, 51.20000° W"
    assert degrees(None) == ""

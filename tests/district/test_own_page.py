"""The guided page: a district is made through it to a platform that serves, by its system administrator alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from fengsui.apps.desk import actions, events
from fengsui.apps.desk.views import own
from fengsui.apps.people.models import Account, Organisation
from fengsui.apps.places.models import Area, WaterloggingPoint
from fengsui.apps.sensing.models import Station
from fengsui.config.district import new
from fengsui.config.district.load import load as store
from fengsui.core.models import StoredEvent, World
from fengsui.core.ports import port
from fengsui.core.worlds import LIVE
from fengsui.kernel import district as files
from fengsui.kernel.actor import Actor
from tests.district.test_own_district import CENTRE, CODE, ROWS, boundary, sheet

STEPS = {"people": ("organisations", "posts"), "places": ("areas", "teams", "depots", "shelters"),
         "stations": ("places", "stations", "outlets")}  # fmt: skip


@pytest.fixture
def home(db: Any, settings: Any, tmp_path: Path) -> Path:
    folder = tmp_path / "districts" / "built"
    new.write(folder, new.Wanted(CODE, "试建区", "Built", centre=CENTRE))
    settings.FENGSUI_DISTRICTS, settings.FENGSUI_DISTRICT = folder.parent, folder.name
    settings.VAR, settings.DEMO = tmp_path / "var", True
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    World.objects.get_or_create(pk=LIVE, defaults={"kind": "live", "name": "实战"})
    store(files.load(folder.name, folder.parent), now=timezone.now(), demo_password="nobody logs in by it")
    return folder


def client_of(login: str) -> Client:
    client = Client()
    client.force_login(Account.objects.get(username=login))
    return client


def give(client: Client, step: str, *given: tuple[str, bytes], **more: str) -> Any:
    sent = {"files": [SimpleUploadedFile(name, body) for name, body in given], **more}
    return client.post(f"/own/{step}/give", sent, follow=True)


def take(client: Client, step: str) -> Any:
    assert client.get(f"/own/{step}/").status_code == 200
    mark = port("own_district").tried(step).mark
    answer = client.post(f"/own/{step}/take", {"mark": mark})
    actions.load(step, Actor(world=LIVE, system="desk.own_district"))  # what the deferred job does
    return answer


def test_a_district_is_made_through_the_page_until_it_serves(home: Path) -> None:
    client = client_of("sysadmin")
    assert "下一步" in client.get("/own/").content.decode()
    assert give(client, "boundary", ("b.geojson", boundary())).status_code == 200
    assert take(client, "boundary").status_code == 302
    for step, forms in STEPS.items():
        give(client, step, *((f"{form}.xlsx", sheet(form, ROWS[form])) for form in forms))
        assert port("own_district").tried(step).wrong == ()
        assert take(client, step).status_code == 302
    assert Area.objects.filter(kind="subdistrict").count() == 2
    assert Organisation.objects.filter(code="water").exists()
    assert (WaterloggingPoint.objects.count(), Station.objects.in_world(LIVE).filter(code="S1").count()) == (1, 1)
    done = {each.code: each.done for each in own.steps_of(port("own_district"))}
    assert done == {"boundary": True, "people": True, "places": True, "roads": False, "stations": True,
                    "accounts": True, "test": False}  # fmt: skip
    names = list(StoredEvent.objects.filter(name__startswith="desk.District").values_list("name", flat=True))
    assert [names.count(f"desk.{kind}") for kind in ("DistrictTried", "DistrictTaken", "DistrictLoaded")] == [4, 4, 4]
    assert client_of("duty").get("/").status_code == 200


def test_what_is_wrong_is_shown_and_nothing_is_written(home: Path) -> None:
    client = client_of("sysadmin")
    page = give(client, "places", ("areas.xlsx", sheet("areas", [{**ROWS["areas"][0], "code": "1"}])))
    assert "前六位 999905" in page.content.decode()
    answer = client.post("/own/places/take", {"mark": port("own_district").tried("places").mark}, follow=True)
    assert "什么都没有写" in answer.content.decode()
    assert not (home / "taken" / "areas.csv").exists()
    client.post("/own/places/drop")
    assert port("own_district").tried("places") is None


@pytest.mark.parametrize(
    ("step", "name", "status"),
    [
        ("places", "a.exe", 422),
        ("boundary", "b.osm.pbf", 422),
        ("roads", "roads.xlsx", 422),
        ("nowhere", "a.xlsx", 404),
    ],
)
def test_files_of_another_kind_are_refused(home: Path, step: str, name: str, status: int) -> None:
    assert give(client_of("sysadmin"), step, (name, b"x" * 100)).status_code == status


def test_names_of_files_stay_inside_their_folder(home: Path, settings: Any) -> None:
    give(client_of("sysadmin"), "places", ("..\\..\\evil/../areas.xlsx", sheet("areas", ROWS["areas"])))
    kept = [path for path in settings.VAR.rglob("*.xlsx")]
    assert [path.parent for path in kept] == [settings.VAR / "setup" / "places" / "files" / "00"]
    assert ".." not in kept[0].name
    answer = give(client_of("sysadmin"), "roads", named="../../districts/built/district.yaml")
    assert answer.status_code == 422


def test_only_the_system_administrator_of_a_district_that_is_new(home: Path, settings: Any) -> None:
    assert client_of("duty").get("/own/").status_code == 403
    assert client_of("secadmin").post("/own/finish").status_code == 403
    client = client_of("sysadmin")
    assert "/own/" in client.get("/me/").content.decode()
    assert client.post("/own/finish", follow=True).status_code == 200
    assert StoredEvent.objects.filter(name=f"desk.{events.DistrictFinished.__name__}").count() == 1
    assert client.get("/own/").status_code == 404
    assert "/own/" not in client.get("/me/").content.decode()


def test_a_second_press_and_a_stale_look_are_refused(home: Path) -> None:
    client = client_of("sysadmin")
    give(client, "boundary", ("b.geojson", boundary()))
    answer = client.post("/own/boundary/take", {"mark": "another"}, follow=True)
    assert "目录又变了" in answer.content.decode()
    mark = port("own_district").tried("boundary").mark
    client.post("/own/boundary/take", {"mark": mark})
    assert "上一步还在装入" in client.post("/own/boundary/take", {"mark": mark}, follow=True).content.decode()


def test_each_sheet_can_be_downloaded(home: Path) -> None:
    client = client_of("sysadmin")
    assert client.get("/own/templates/areas.xlsx").content[:2] == b"PK"
    assert client.get("/own/templates/secrets.xlsx").status_code == 404

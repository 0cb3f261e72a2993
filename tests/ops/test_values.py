"""Variables: every rule takes a good value and names a bad one; a running command refuses before it starts anything."""

import os
import subprocess
import sys

import pytest

from fengsui.config.ops import environment, values
from fengsui.config.ops.home import REPO

GOOD_AND_BAD = {
    "FENGSUI_DATABASE_URL": ("postgresql://u:p@127.0.0.1:5432/d", "mysql://u@h/d"),
    "FENGSUI_KEEP_READINGS_MONTHS": ("24", "6"),
    "FENGSUI_DOUBT_AFTER_S": ("3600", "0"),
    "FENGSUI_KEEP_MARKS_DAYS": ("30", "0"),
    "FENGSUI_DATABASE_URL_WEB": ("postgresql://u:p@127.0.0.1:5432/d", "mysql://u@h/d"),
    "FENGSUI_DATABASE_URL_INGEST": ("postgresql://u:p@127.0.0.1:5432/d", "mysql://u@h/d"),
    "FENGSUI_DATABASE_URL_JOBS": ("postgresql://u:p@127.0.0.1:5432/d", "mysql://u@h/d"),
    "FENGSUI_NATS_URL": ("nats://u:p@127.0.0.1:4222", "127.0.0.1:4222"),
    "FENGSUI_SMTP_URL": ("smtps://u:p@mail.gov.cn:465", "smtp://mail:no-number"),
    "FENGSUI_SMPP_URLS": ("smpp://a:b@h:2775?source=1069 smpps://c:d@k", "http://a:b@h"),
    "FENGSUI_DASK": ("tcp://scheduler:8786", "http://scheduler:8786"),
    "FENGSUI_SMS_UNCERTAIN": ("leave", "maybe"),
    "FENGSUI_MAIL_FROM": ("duty@tiexi.gov.cn", "duty"),
    "FENGSUI_WEBHOOK_URL": ("https://media.example/bulletins", "media.example"),
    "FENGSUI_BASE_URL": ("https://fengsui.example", "fengsui.example"),
    "FENGSUI_TIANDITU_KEY": ("0123456789abcdef0123456789abcdef", "two words"),
    "FENGSUI_TIANDITU_URL": ("https://t0.tianditu.gov.cn", "t0.tianditu.gov.cn"),
    "FENGSUI_FEED_CHECK_URL": ("http://127.0.0.1:8600", "ftp://127.0.0.1"),
    "FENGSUI_ORIGINS": ("https://a.example,https://b.example", "a.example"),
    "FENGSUI_HOSTS": ("a.example,10.0.0.1", "http://a.example"),
    "FENGSUI_PROXIES": ("10.0.0.5,fd00::/8", "proxy.example"),
    "FENGSUI_HTTP_PORT": ("8600", "86oo"),
    "FENGSUI_MQTT_PORT": ("1883", "0"),
    "FENGSUI_INGEST_METRICS_PORT": ("9100", "65536"),
    "FENGSUI_BIND": ("0.0.0.0", "eth0"),
    "FENGSUI_DEVICES": ("mqtt", "kafka"),
    "FENGSUI_MQTT_SHARED": ("ingest", "a/b"),
    "FENGSUI_HASH": ("sm3", "md5"),
    "FENGSUI_LOG_LEVEL": ("DEBUG", "loud"),
    "FENGSUI_LANG": ("zh_CN.UTF-8", "de"),
    "FENGSUI_OPEN_INCIDENT_FROM": ("none", "purple"),
    "FENGSUI_CLOCKS": ("alerts.acknowledge=8,alerts.confirm=60", "alerts.acknowlege=8"),
    "FENGSUI_HALF_LIVES": ("core.link=60,alerts.outlet=3600", "core.link=0"),
    "FENGSUI_SECOND_FACTOR_ROLES": ("commander,duty_leader", "comander"),
    "FENGSUI_PASSWORD_DAYS": ("0", "-1"),
    "FENGSUI_API_PER_MINUTE": ("300", "0"),
    "FENGSUI_SESSION_S": ("43200", "1"),
    "FENGSUI_SESSION_IDLE_S": ("600", "soon"),
    "FENGSUI_SESSION_ADMIN_IDLE_S": ("600", "0"),
    "FENGSUI_SESSIONS_MAX": ("1", "0"),
    "FENGSUI_BACKUP": ("/srv/backup", "backup"),
    "FENGSUI_BACKUP_HOURS": ("0", "daily"),
    "FENGSUI_BACKUP_KEEP": ("3", "0"),
    "FENGSUI_BACKUP_WAL_S": ("60", "0"),
    "FENGSUI_DISTRICTS": (str(REPO / "districts"), "/nowhere"),
    "FENGSUI_DISTRICT": ("tiexi", "nowhere"),
    "FENGSUI_OSM": (__file__, "/nowhere.osm.pbf"),
    "FENGSUI_PYTHON": (sys.executable, "/nowhere/python"),
    "FENGSUI_UV": ("sh", "/nowhere/uv"),
}


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("postgresql://u:p@a:5432,b:5433/d?target_session_attrs=read-write", True),
        ("postgresql://u@/d?host=/run/fengsui-1", True),
        ("postgresql://u:p@a:5432,b:no/d", False),
        ("postgresql://u:p@a:5432/", False),
        ("host=a dbname=d", False),
    ],
)
def test_database_may_be_a_pair(url, good):
    assert (values.wrong({"FENGSUI_DATABASE_URL": url}) == {}) is good


@pytest.mark.parametrize("name", values.RULES)
def test_value_is_taken_or_named(name):
    good, bad = GOOD_AND_BAD[name]
    assert values.wrong({name: good}) == {}
    assert list(values.wrong({name: bad})) == [name]


def test_rules_are_of_declared_variables():
    assert set(values.RULES) <= {each.name for each in environment.VARIABLES}


def test_secret_is_not_shown_when_it_is_wrong():
    assert "hush" not in values.wrong({"FENGSUI_DATABASE_URL": "mysql://u:hush@h/d"})["FENGSUI_DATABASE_URL"]


def test_socket_address_of_our_own_cluster_is_right():
    assert values.wrong({"FENGSUI_DATABASE_URL": "postgresql://fengsui@/fengsui?host=/run/fengsui-1"}) == {}


@pytest.mark.parametrize(
    ("name", "value", "mend"),
    [
        ("FENGSUI_HASH", "md5", "sha256 or sm3"),
        ("FENGSUI_DATABASE_URL", "postgresql://u:hush@127.0.0.1:1/d", "Check host, port, user and password"),
        ("FENGSUI_NATS_URL", "nats://u:hush@127.0.0.1:1", "Check host, port, user and password"),
    ],
)
def test_serve_when_a_variable_is_wrong_names_it_with_its_mend(tmp_path, name, value, mend):
    given = {"FENGSUI_DATABASE_URL": "", "FENGSUI_NATS_URL": "", name: value}
    env = {**os.environ, "FENGSUI_VAR": str(tmp_path), "FENGSUI_LANG": "en", **given}
    told = subprocess.run(
        [sys.executable, "-m", "fengsui.config", "serve"],
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert told.returncode == 1
    assert name in told.stderr
    assert mend in told.stderr
    assert "hush" not in told.stderr
    assert "Traceback" not in told.stderr
    assert not (tmp_path / "pg").exists()

"""A database of the operator's: what it lacks is said with what its administrator has to run."""

from __future__ import annotations

import os
from urllib.parse import quote

import psycopg
import pytest
from django.conf import settings

from fengsui.config.ops import cluster, external
from fengsui.config.ops.console import Problem


@pytest.fixture
def bare():
    """Address of a database with PostGIS and without pg_trgm, as a role that may not create extensions."""
    base, name, role = settings.DATABASES["default"], f"bare_{os.getpid()}", f"plain_{os.getpid()}"
    login = {"user": base["USER"], "host": base["HOST"], "autocommit": True}
    login |= {key: value for key, value in (("password", base["PASSWORD"]), ("port", base["PORT"])) if value}
    with psycopg.connect(dbname="postgres", **login) as admin:
        admin.execute(f"CREATE ROLE {role} NOLOGIN")
        admin.execute(f"CREATE DATABASE {name}")
        try:
            with psycopg.connect(dbname=name, **login) as own:
                own.execute("CREATE EXTENSION postgis")
            facts = {key: value for key, value in login.items() if key != "autocommit"}
            query = "&".join(f"{key}={quote(str(value), safe='')}" for key, value in facts.items())
            yield f"postgresql:///{name}?{query}", f"&options={quote(f'-c role={role}')}"
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
            admin.execute(f"DROP ROLE {role}")


@pytest.mark.django_db
def test_what_the_administrator_has_to_run_is_said_when_we_may_not(bare):
    url, plainly = bare
    with pytest.raises(Problem) as refused:
        external.check_database(url + plainly)
    assert "CREATE EXTENSION pg_trgm;" in str(refused.value)
    assert cluster.extension(url, "pg_trgm").endswith("(not created yet)")
    external.check_database(url)
    assert cluster.extension(url, "pg_trgm").replace(".", "").isdigit()
    external.check_database(url + plainly)

"""Who may do what in the database: each part connects as a role of its own, which owns nothing.

The owner migrates, restores and runs commands by hand. web and jobs read and write everything but what is only ever
added to (an owner could switch its triggers off; who owns nothing cannot); ingest reaches readings, the record that it
adds to, and nothing of people. Roles are the server's, made by Cluster or by its administrator (`./fengsui roles`);
what they may do is granted after every migration.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

from fengsui.config.ops.console import Problem, word

ROLES: Mapping[str, str] = {
    "web": "fengsui_web",
    "ingest": "fengsui_ingest",
    "worker": "fengsui_jobs",
    "clocks": "fengsui_jobs",
}
"""Part -> role."""
NAMES = tuple(dict.fromkeys(ROLES.values()))
JOBS = ROLES["worker"]
INGEST = ROLES["ingest"]
URLS: Mapping[str, str] = {
    "web": "FENGSUI_DATABASE_URL_WEB",
    "ingest": "FENGSUI_DATABASE_URL_INGEST",
    "worker": "FENGSUI_DATABASE_URL_JOBS",
    "clocks": "FENGSUI_DATABASE_URL_JOBS",
}
"""Part -> variable with its address at an external server."""
READ_ONLY = {"django_migrations"}
SEALS = "core_auditcheckpoint"
NEVER_DELETED = {"incidents_incident", "incidents_report"}
"""Frozen in part: their triggers let some columns change, and no row go."""
OF_WEB: Mapping[str, str] = {
    "alerts_recipient": "",
    "alerts_massbatch": "SELECT (id, delivery_id, n, state, size, sent, refused, uncertain, settled, asked, delivered, "
    "failed, providers)",
}
"""Less than other tables: no page needs a registered number, so none can be made to show a million of them."""
OF_INGEST: Mapping[str, str] = {
    "core_world": "SELECT",
    "core_loglevel": "SELECT",
    "core_lastproof": "SELECT, INSERT, UPDATE",
    "core_audithead": "SELECT, INSERT, UPDATE",
    "core_storedevent": "INSERT, SELECT (id)",
    "core_auditrow": "INSERT, SELECT (event_id)",
    "core_mappoint": "SELECT, INSERT, UPDATE",
    "places_place": "SELECT",
    "procrastinate_jobs": "SELECT, INSERT, UPDATE",
    "procrastinate_events": "SELECT, INSERT",
    "sensing_station": "SELECT",
    "sensing_datastream": "SELECT",
    "sensing_observation": "SELECT, INSERT",
    "sensing_currentvalue": "SELECT, INSERT, UPDATE",
    "sensing_keptday": "SELECT, DELETE",
    "sensing_rejectedmessage": "SELECT, INSERT",
}
FUNCTIONS: Mapping[str, tuple[str, ...]] = {
    "sensing_make_partition(date)": (INGEST, JOBS),
    "sensing_drop_partition(date)": (JOBS,),
    "core_hold_audit()": (JOBS,),
    "core_tidy_find()": (JOBS, ROLES["web"]),
    "core_count_find()": (JOBS,),
}
_TABLES = """
SELECT n.nspname, c.relname, EXISTS (
    SELECT 1 FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid AND p.proname = 'core_refuse_change'
    WHERE t.tgrelid = c.oid AND t.tgtype & 24 = 24 AND t.tgattr = ''::int2vector)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname IN (current_schema(), 'basemap')
    AND pg_has_role(c.relowner, 'MEMBER') AND NOT EXISTS (
        SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'e')
ORDER BY 1, 2
"""


class Cursor(Protocol):
    """Of psycopg or of Django."""

    def execute(self, query: Any, /) -> Any: ...
    def fetchall(self) -> Any: ...


def make(cursor: Cursor, *, monitor: bool) -> None:
    """The roles, where they are missing. monitor: the jobs may see other sessions' state; takes a superuser."""
    for name in missing(cursor):
        cursor.execute(f"CREATE ROLE {name} LOGIN")
    if monitor:
        cursor.execute(f"GRANT pg_monitor TO {JOBS}")


def missing(cursor: Cursor) -> list[str]:
    cursor.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'fengsui\\_%'")
    known = {name for (name,) in cursor.fetchall()}
    return [each for each in NAMES if each not in known]


def grant(cursor: Cursor) -> bool:
    """All rights anew, as the code of now says; run by the owner. False where the server has no such roles."""
    if missing(cursor):
        return False
    cursor.execute(_TABLES)
    tables = cursor.fetchall()
    cursor.execute("SELECT current_schema()")
    [(schema,)] = cursor.fetchall()
    everyone = ", ".join(NAMES)
    said = [f'GRANT USAGE ON SCHEMA "{schema}" TO {everyone}']
    for space in sorted({space for space, *_ in tables} - {schema}):
        said += [
            f'GRANT USAGE ON SCHEMA "{space}" TO {everyone}',
            # Its tables are replaced by new ones whenever a map is built.
            f'ALTER DEFAULT PRIVILEGES IN SCHEMA "{space}" GRANT SELECT ON TABLES TO {everyone}',
        ]
    for space, table, added_only in tables:
        where = f'"{space}"."{table}"'
        said.append(f"REVOKE ALL ON {where} FROM {everyone}")
        for role in (ROLES["web"], JOBS):
            right = _rights(space == schema, table, added_only, role)
            said += [f"GRANT {right} ON {where} TO {role}"] if right else []
        if table in OF_INGEST and space == schema:
            said.append(f"GRANT {OF_INGEST[table]} ON {where} TO {INGEST}")
    said.append(f'GRANT USAGE ON ALL SEQUENCES IN SCHEMA "{schema}" TO {everyone}')
    for function, roles in FUNCTIONS.items():
        said.append(f"GRANT EXECUTE ON FUNCTION {function} TO {', '.join(roles)}")
    for each in said:
        cursor.execute(each)
    return True


def _rights(ours: bool, table: str, added_only: bool, role: str) -> str:
    if not ours or table in READ_ONLY or (table == SEALS and role != JOBS):
        return "SELECT"
    if role == ROLES["web"] and table in OF_WEB:
        return OF_WEB[table]
    if added_only:
        return "SELECT, INSERT"
    return "SELECT, INSERT, UPDATE" if table in NEVER_DELETED else "SELECT, INSERT, UPDATE, DELETE"


def environment(part: str, env: Mapping[str, str], *, private: bool) -> dict[str, str]:
    """The environment of one part: its role at our own server, its own address at an external one where given."""
    if part not in ROLES:
        return dict(env)
    if private:
        return {**env, "FENGSUI_DATABASE_ROLE": ROLES[part]}
    given = env.get(URLS[part])
    return {**env, "FENGSUI_DATABASE_URL": given} if given else dict(env)


def for_the_administrator() -> str:
    """SQL that makes the roles with new passwords, and the lines of the environment that go with it."""
    url = os.environ.get("FENGSUI_DATABASE_URL", "")
    parts = urlsplit(url)
    if not parts.hostname:
        raise Problem(
            "自带的数据库自己建角色，不用此命令；外部数据库请先设 FENGSUI_DATABASE_URL（库表所有者的）",
            "The private database makes its roles itself; for an external one set FENGSUI_DATABASE_URL (the "
            "owner's) first",
        )
    where = f"{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"
    said, lines = [], []
    for variable, role in {URLS[part]: role for part, role in ROLES.items()}.items():
        password = secrets.token_urlsafe(24)
        said.append(f"CREATE ROLE {role} LOGIN PASSWORD '{password}';")
        lines.append(f"-- {variable}=postgresql://{role}:{password}@{where}")
    return "\n".join(
        [
            word("-- 由数据库管理员执行一次：", "-- For the database's administrator, once:"),
            *said,
            f"GRANT pg_monitor TO {JOBS};",
            word(
                "-- 各台机器的 /etc/fengsui/fengsui.env 加上（只放该机所跑部件的那一行）：",
                "-- Into /etc/fengsui/fengsui.env, on each machine the lines of its parts:",
            ),
            *lines,
            word(
                "-- 然后：./fengsui part database（授权），再逐个重启各部件。",
                "-- Then ./fengsui part database (grants), and restart part by part.",
            ),
        ]
    )

"""What `doctor` can find: every fault by name, with its cause and its mend. docs/reference/doctor.md is made of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fengsui.config.ops.console import word

Verdict = Literal["ok", "note", "bad"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line. Every `bad` one says in `what_to_do` how to mend it; `code` is that of a declared fault."""

    name: str
    verdict: Verdict
    fact: str
    what_to_do: str = ""
    code: str = ""
    zh: str = ""
    """All of it in Chinese, for a proof that failed: the page of proofs keeps facts in the source language."""


@dataclass(frozen=True, slots=True)
class Fault:
    """name, cause, mend: (Chinese, English). A mend is a command or a page; {braces} are filled from what was found."""

    code: str
    name: tuple[str, str]
    cause: tuple[str, str]
    mend: tuple[str, str]


FAULTS: dict[str, Fault] = {}


def declare(*faults: Fault) -> None:
    for each in faults:
        if each.code in FAULTS:
            raise ValueError(f"fault {each.code} declared twice")
        FAULTS[each.code] = each


def found(code: str, fact: str = "", *, verdict: Verdict = "bad", **filled: object) -> Finding:
    """The line of a declared fault. Raises KeyError for one that is not."""
    fault = FAULTS[code]
    known = {name: str(value) for name, value in filled.items()}

    def both(text: tuple[str, str]) -> tuple[str, str]:
        return text[0].format_map(known), text[1].format_map(known)

    cause = both(fault.cause)
    return Finding(
        name=word(*fault.name),
        verdict=verdict,
        fact=f"{fact}: {word(*cause)}" if fact else word(*cause),
        what_to_do=word(*both(fault.mend)),
        code=code,
        zh=f"{fact}：{cause[0]} → {both(fault.mend)[0]}" if fact else f"{cause[0]} → {both(fault.mend)[0]}",
    )


def table() -> str:
    """docs/reference/doctor.md, complete."""
    from fengsui.config.ops import (
        doctor,
        doctor_inside,
        doctor_look,
        doctor_machine,
        doctor_parts,
        doctor_rows,
        doctor_set,
        doctor_texts,
    )

    groups = (
        ("机器 Machine", doctor_machine),
        ("设置与外部服务 Settings and services outside", doctor_set),
        ("短信运营商 Providers of text messages", doctor_texts),
        ("进程与消息服务器 Processes and broker", doctor_parts),
        ("数据库 Database", doctor_inside),
        ("平台的数据 The platform's rows", doctor_rows),
        ("备份 Backup", doctor),
    )
    own = {
        "stale_backup": "backup",
        "archive_late": "archive",
        "jobs_given_up": "/jobs/",
        "part_silent": "worker, clocks, ingest",
        "timer_stopped": "worker",
    }
    watched = own | {code: key for key, codes in doctor_look.CODES.items() for code in codes}
    lines = [
        "# `./fengsui doctor`",
        "",
        "Generated from the checks in `src/fengsui/config/ops/doctor*.py` by `python -m fengsui.config docs`.",
        "`tests/ops/test_doctor_faults.py` makes each fault on an installation that was not blamed before, and "
        "takes it away again;",
        "all but a server that is too old and an extension that is missing. Three limits are lowered there "
        "instead of waiting for",
        "hours or a billion transactions; the kernel's word on synchronisation, the database's and the broker's "
        "time are stood in for.",
        "",
        "`./fengsui doctor` changes nothing, prints a line for everything it looked at, and ends with 0 where "
        "nothing is to mend.",
        "With a name in the last column the running platform sees the fault by itself every minute: it stands on",
        "`/proofs/?kind=core.self` under that name, is a clock of the system administrator while it lasts, and "
        "ends by itself.",
    ]
    for title, module in groups:
        lines += ["", f"## {title}", "", "| 故障 Fault | 原因 Cause | 处置 Mend | Clock |", "|---|---|---|---|"]
        for fault in module.FAULTS:
            cells = [f"{zh}<br>{en}".replace("|", "\\|") for zh, en in (fault.name, fault.cause, fault.mend)]
            lines.append(f"| {' | '.join(cells)} | {watched.get(fault.code, '')} |")
    return "\n".join(lines) + "\n"

"""`./fengsui recipients` on the database: what it takes, what it says, and that it says no number."""

from __future__ import annotations

import io
from argparse import Namespace

import pytest

from fengsui.apps.alerts.models import Recipient
from fengsui.apps.alerts.tests import make
from fengsui.config import recipients_command
from fengsui.config.ops.console import Problem

GOOD = ["号码,姓名,区划代码", "13800000001,甲,210106007", "+86 138-0000-0002,乙,210106007"]


def held() -> list[str]:
    return sorted(Recipient.objects.values_list("number", flat=True))


@pytest.fixture
def town(db):
    return make.make_town()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_command_when_run_tells_counts_and_lines_and_no_number(town, tmp_path, capsys, encoding):
    path = tmp_path / "号码.csv"
    path.write_text("\r\n".join([*GOOD, "13700000009x,丁,210106007"]), encoding=encoding)
    asked = {"verb": "take", "file": str(path), "replace": False, "dry_run": False}
    assert recipients_command.main(Namespace(**asked, skip_wrong=False)) == 1
    assert recipients_command.main(Namespace(**asked, skip_wrong=True)) == 0
    assert recipients_command.main(Namespace(verb="count")) == 0
    said = capsys.readouterr().out
    assert "4" in said
    assert "210106007" in said
    assert "1380000" not in said
    assert "1370000" not in said
    assert len(held()) == 2
    assert recipients_command.main(Namespace(verb="count")) == 0


def test_command_when_the_file_is_none_says_why(town, tmp_path):
    asked = {"verb": "take", "replace": False, "dry_run": False, "skip_wrong": False}
    for name, octets in (("a.csv", b"x,y\n1,2\n"), ("b.csv", b"\xff\xff\xff")):
        (tmp_path / name).write_bytes(octets)
        with pytest.raises(Problem):
            recipients_command.main(Namespace(**asked, file=str(tmp_path / name)))
    with pytest.raises(Problem):
        recipients_command.main(Namespace(**asked, file=str(tmp_path / "absent.csv")))


def test_number_to_forget_when_given_is_read_and_not_an_argument(town, tmp_path, capsys, monkeypatch):
    (tmp_path / "a.csv").write_text("\n".join(GOOD))
    take = {"verb": "take", "replace": False, "dry_run": False, "skip_wrong": False, "file": str(tmp_path / "a.csv")}
    recipients_command.main(Namespace(**take))
    monkeypatch.setattr("sys.stdin", io.StringIO("138 0000 0001\n"))
    assert recipients_command.main(Namespace(verb="forget")) == 0
    assert held() == ["13800000002"]
    assert "1380000" not in capsys.readouterr().out

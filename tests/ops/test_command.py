"""The shell part: what it says before anything is installed, and that it finds itself."""

import shutil
import subprocess

import pytest

from fengsui.config.ops.home import REPO

BARE = {"PATH": "/usr/bin:/bin"}


def run(*words, cwd="/", **env):
    return subprocess.run(words, cwd=cwd, env={**BARE, **env}, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("word", ["-h", "--help"])
def test_help_when_nothing_is_installed_needs_no_python(word):
    told = run(str(REPO / "fengsui"), word)
    assert told.returncode == 0
    for command in ("demo", "serve", "test", "check", "doctor", "verify-audit", "bench", "help"):
        assert f"  {command}" in told.stdout


def test_command_when_called_by_a_link_from_elsewhere_finds_the_clone(tmp_path):
    link = tmp_path / "烽 燧"
    link.symlink_to(REPO / "fengsui")
    told = run(str(link), "doctor", HOME=str(tmp_path))
    assert str(REPO / "var") in told.stdout


def test_command_when_unknown_is_refused_with_the_list(tmp_path):
    told = run(str(REPO / "fengsui"), "nonsense", HOME=str(tmp_path))
    assert told.returncode == 2
    assert "demo" in told.stderr


def test_doctor_when_a_secret_is_set_does_not_show_it(tmp_path):
    told = run(str(REPO / "fengsui"), "doctor", HOME=str(tmp_path), FENGSUI_SECRET_KEY="hush-hush")
    assert "hush-hush" not in told.stdout + told.stderr
    assert "FENGSUI_SECRET_KEY" in told.stdout


def test_doctor_when_a_variable_is_misspelt_points_at_it(tmp_path):
    told = run(str(REPO / "fengsui"), "doctor", HOME=str(tmp_path), FENGSUI_HTP_PORT="1")
    line = next(each for each in told.stdout.splitlines() if "FENGSUI_HTP_PORT" in each)
    assert "unknown" in line
    assert told.returncode in {0, 1}


def test_doctor_when_the_database_cannot_be_reached_says_so_and_fails(tmp_path):
    told = run(
        str(REPO / "fengsui"), "doctor", HOME=str(tmp_path), FENGSUI_DATABASE_URL="postgresql://x:pw@127.0.0.1:1/x"
    )
    assert told.returncode == 1
    assert "✗ PostgreSQL" in told.stdout
    assert "pw@" not in told.stdout


@pytest.mark.parametrize("language", ["zh", "en"])
def test_command_without_root_or_sudo_names_packages_that_exist(tmp_path, language):
    """In a copy of the clone, on a PATH where nothing is installed: what the administrator is told can be typed."""
    clone, tools = tmp_path / "clone", tmp_path / "bin"
    clone.mkdir()
    tools.mkdir()
    shutil.copy(REPO / "fengsui", clone)
    for name in ("sh", "date", "readlink", "dirname", "mkdir", "sed", "head", "cat", "grep", "sha256sum", "cut"):
        (tools / name).symlink_to(shutil.which(name))
    for name, body in (("id", "echo 1000"), ("apt-get", "exit 9"), ("apt-cache", "exit 9"), ("dpkg-query", "exit 1")):
        (tools / name).write_text(f"#!/bin/sh\n{body}\n")
        (tools / name).chmod(0o755)
    for command in ("serve", "doctor"):
        told = run(str(clone / "fengsui"), command, PATH=str(tools), HOME=str(tmp_path), FENGSUI_LANG=language)
        assert told.returncode == 1
        assert "apt-get install --no-install-recommends ca-certificates libpango-1.0-0" in told.stderr
        assert "postgresql-postgis" not in told.stderr
    assert not (clone / ".venv").exists()


def test_demo_when_the_replay_cannot_be_read_says_where_before_anything_starts(tmp_path):
    (tmp_path / "mine.csv").write_text("time,value\n2026-07-28T02:00,0.1\nsoon,0.2\n")
    env = {"HOME": str(tmp_path), "FENGSUI_VAR": str(tmp_path / "var")}
    told = run(str(REPO / "fengsui"), "demo", "--headless", "--replay", "mine.csv", cwd=tmp_path, **env)
    assert told.returncode == 1
    assert f"{tmp_path / 'mine.csv'}: line 3, column time: time 'soon'" in told.stderr
    assert not (tmp_path / "var").exists()

"""A bundle: what is damaged is named before anything is installed; packages come from it and from nowhere else.

The whole of it, a bare tree without any network, is tests/ops/bare_tree.sh: it needs a bundle and a mirror.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from fengsui.config.bundle import command, debs
from fengsui.config.ops.console import Problem
from fengsui.config.ops.home import REPO

LOCK = "leaf==1.0 --hash=sha256:{}\n"
MAIN = "import leaf, sys; print('started with', leaf.__file__, *sys.argv[1:])\n"


def wheel(folder: Path) -> str:
    """A package of one module; returns the SHA-256 of its file."""
    folder.mkdir(parents=True)
    path = folder / "leaf-1.0-py3-none-any.whl"
    content = {
        "leaf.py": "",
        "leaf-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: leaf\nVersion: 1.0\n",
        "leaf-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip('=')},{len(text)}\n"
        for name, text in content.items()
    )
    with zipfile.ZipFile(path, "w") as out:
        for name, text in {**content, "leaf-1.0.dist-info/RECORD": record}.items():
            out.writestr(name, text)
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def unpacked(tmp_path):
    """The real `fengsui` with one small wheel, in a folder whose name has a blank and Chinese characters."""
    root = tmp_path / "离线 包"
    digest = wheel(root / "bundle/wheels")
    (root / "src/fengsui/config").mkdir(parents=True)
    for folder in ("src/fengsui", "src/fengsui/config"):
        (root / folder / "__init__.py").touch()
    (root / "src/fengsui/config/__main__.py").write_text(MAIN)
    (root / "requirements.lock").write_text(LOCK.format(digest))
    shutil.copy(REPO / "fengsui", root / "fengsui")
    told = subprocess.run(
        ["sh", "-c", '. /etc/os-release && printf %s "${ID:-unknown}-${VERSION_ID:-}"'],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    (root / "bundle/FOR").write_text(f"{told.stdout} {debs.architecture()}\n")
    command.sums(root)
    return root


def start(root: Path) -> subprocess.CompletedProcess[str]:
    uv = next(filter(None, (shutil.which("uv"), *map(str, REPO.glob(".cache/uv/bin/uv")))))
    env = {
        "PATH": "/usr/bin:/bin", "HOME": str(root.parent), "FENGSUI_LANG": "en", "FENGSUI_NO_APT": "1",
        "FENGSUI_PYTHON": os.path.realpath(sys.executable), "FENGSUI_UV": uv,
    }  # fmt: skip
    return subprocess.run(
        ["sh", str(root / "fengsui"), "serve"], env=env, capture_output=True, text=True, check=False, timeout=300
    )


def test_packages_come_out_of_the_bundle(unpacked):
    done = start(unpacked)
    assert done.returncode == 0, done.stderr
    assert "Verifying the bundle" in done.stderr
    assert f"started with {unpacked}/.venv" in done.stdout
    assert "Verifying" not in start(unpacked).stderr, "once for each bundle"


@pytest.mark.parametrize("name", ["bundle/wheels/leaf-1.0-py3-none-any.whl", "src/fengsui/config/__main__.py"])
def test_flipped_byte_is_named_and_nothing_is_installed(unpacked, name):
    body = bytearray((unpacked / name).read_bytes())
    body[len(body) // 2] ^= 1
    (unpacked / name).write_bytes(body)
    done = start(unpacked)
    assert done.returncode == 1
    assert f"{name}: FAILED" in done.stderr
    assert done.stderr.count("FAILED") == 1
    assert not (unpacked / ".venv").exists()


def test_missing_file_is_named(unpacked):
    (unpacked / "requirements.lock").unlink()
    done = start(unpacked)
    assert done.returncode == 1
    assert "requirements.lock: FAILED" in done.stderr


def test_bundle_of_another_system_is_refused(unpacked):
    (unpacked / "bundle/FOR").write_text("debian-99 riscv64\n")
    command.sums(unpacked)
    done = start(unpacked)
    assert done.returncode == 1
    assert "This bundle is for debian-99 riscv64, this machine is" in done.stderr


@pytest.mark.skipif(shutil.which("apt-get") is None, reason="no apt on this system: deb files are not tried")
def test_apt_reads_the_index_and_refuses_a_damaged_deb(tmp_path):
    source, folder, desk = tmp_path / "deb/DEBIAN", tmp_path / "debs", tmp_path / "desk"
    for each in (source, folder, desk / "lists/partial", desk / "cache/archives/partial"):
        each.mkdir(parents=True)
    (source / "control").write_text(
        f"Package: fengsui-leaf\nVersion: 1:2.0\nArchitecture: {debs.architecture()}\nMaintainer: x <x@localhost>\n"
        "Description: x\n y\n"
    )
    built = folder / "fengsui-leaf_1-2.0.deb"
    subprocess.run(["dpkg-deb", "--build", str(source.parent), str(built)], check=True, capture_output=True)
    debs.index(folder)
    (desk / "sources.list").write_text(f"deb [trusted=yes] file:{folder} ./\n")
    apt = [
        *("apt-get", "-q", "-y", "-o", "Dir::Etc::SourceParts=/dev/null"),
        *("-o", f"Dir::Etc::SourceList={desk}/sources.list"),
        *("-o", f"Dir::State::Lists={desk}/lists", "-o", f"Dir::Cache={desk}/cache", "-o", "Debug::NoLocking=1"),
        *("-o", "APT::Sandbox::User=root"),
    ]  # fmt: skip

    def told(*words: str) -> subprocess.CompletedProcess[str]:
        env = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
        return subprocess.run([*apt, *words], capture_output=True, text=True, check=False, cwd=desk, env=env)

    assert told("update").returncode == 0
    assert "Inst fengsui-leaf (1:2.0" in told("--simulate", "install", "fengsui-leaf").stdout
    assert told("download", "fengsui-leaf").returncode == 0
    body = bytearray(built.read_bytes())
    body[-10] ^= 1
    built.write_bytes(body)
    shutil.rmtree(desk / "cache")
    (desk / "cache/archives/partial").mkdir(parents=True)
    for left in desk.glob("*.deb"):
        left.unlink()
    refused = told("download", "fengsui-leaf")
    assert refused.returncode != 0
    assert "Hash Sum mismatch" in refused.stderr


def test_archive_is_whole_and_nobodys(tmp_path):
    root = tmp_path / "fengsui-x"
    (root / "bundle").mkdir(parents=True)
    (root / "fengsui").write_text("#!/bin/sh\n")
    (root / "fengsui").chmod(0o755)
    command.sums(root)
    digest = command.pack(root, tmp_path / "x.tar")
    subprocess.run(["sha256sum", "--check", "--quiet", "x.tar.sha256"], cwd=tmp_path, check=True)
    assert hashlib.sha256((tmp_path / "x.tar").read_bytes()).hexdigest() == digest
    with tarfile.open(tmp_path / "x.tar") as archive:
        members = {each.name: each for each in archive}
    assert {each.uid for each in members.values()} == {0}
    assert members["fengsui-x/fengsui"].mode == 0o755
    assert "fengsui-x/bundle/SHA256SUMS" in members


def test_python_that_is_nowhere_else_is_refused(monkeypatch):
    monkeypatch.setattr(sys, "base_prefix", "/home/somebody/.pyenv/versions/3.12.1")
    with pytest.raises(Problem, match="pyenv"):
        command._python()
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    assert command._python() is None
    monkeypatch.setattr(sys, "base_prefix", str(REPO / ".cache/python/cpython-3.13"))
    assert command._python() == REPO / ".cache/python"

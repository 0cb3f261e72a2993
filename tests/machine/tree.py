"""A bare Debian 13, made once by debootstrap and kept; a machine gets a copy."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

SUITE = "trixie"
OWN_CAS = Path("/usr/local/share/ca-certificates")


def made(folder: Path) -> Path:
    """The tree below `folder`: what the installer of Debian puts on a server without a task, and sudo."""
    tree = folder / SUITE
    if tree.exists():
        return tree
    part = folder / f"{SUITE}.part"
    shutil.rmtree(part, ignore_errors=True)
    words = ["debootstrap", "--include=systemd-sysv,dbus,libpam-systemd,sudo,ca-certificates", SUITE, str(part)]
    mirror = os.environ.get("MIRROR", "")
    subprocess.run([*words, *([mirror] if mirror else [])], check=True, stdout=subprocess.DEVNULL)
    for each in OWN_CAS.glob("*.crt"):  # a network that inspects TLS: its authority is trusted as the guide says
        shutil.copy(each, part / "usr/local/share/ca-certificates")
    for each in ("/etc/pip.conf", "/etc/xdg/pip/pip.conf", "/etc/resolv.conf"):
        if Path(each).exists() and not (each.startswith("/etc/xdg") and "constraint" in Path(each).read_text()):
            (part / each[1:]).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(each, part / each[1:])
    subprocess.run(["chroot", str(part), "/usr/sbin/update-ca-certificates"], check=True, capture_output=True)
    part.rename(tree)
    return tree

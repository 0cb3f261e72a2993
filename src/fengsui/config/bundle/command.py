"""One archive: the repository, the built front end, wheels, deb files, and a checksum of each.

The other side is in `./fengsui` itself: where `bundle/SHA256SUMS` lies beside it, it verifies every file, then apt, pip
and uv take all they need from there.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from argparse import Namespace
from pathlib import Path

from fengsui.config.bundle import debs
from fengsui.config.ops import frontend, release, testing
from fengsui.config.ops.console import Problem, say, word
from fengsui.config.ops.home import REPO, Home

SUMS = "bundle/SHA256SUMS"
PYTHON = ".cache/python"
"""Where uv puts a Python that it fetched; it runs from any place."""


def main(options: Namespace) -> int:
    """Make it, print where it is. Raises Problem with what to mend before anything is fetched."""
    commit = _commit()
    python = _python()
    system = f"{options.system} {debs.architecture()}"
    name = f"fengsui-{commit}-{system.replace(' ', '-')}"
    target = Path(options.to or Home.here().var / f"{name}.tar").absolute()
    if not target.parent.is_dir():
        raise Problem(f"没有目录 {target.parent}", f"There is no folder {target.parent}")
    with tempfile.TemporaryDirectory(prefix="bundle-", dir=Home.here().var) as work:
        root = Path(work) / name
        root.mkdir()
        _repository(root)
        testing.build_frontend(dict(os.environ))
        shutil.copytree(frontend.TARGET, root / frontend.TARGET.relative_to(REPO))
        say("取 Python 依赖的 wheel", "Fetching the wheels")
        wheels(root / "bundle/wheels", Path(work))
        if python:
            shutil.copytree(python, root / PYTHON, symlinks=True)
        say("取 deb 软件包及其全部依赖", "Fetching the deb packages with all they depend on")
        debs.fetch(root / "bundle/debs", options.debs.split(), Path(work) / "apt")
        (root / "bundle/FOR").write_text(system + "\n")
        (root / release.COMMIT.relative_to(REPO)).write_text(commit + "\n")
        sums(root)
        say("打包", "Writing the archive")
        digest = pack(root, target)
    print(f"{target}  {target.stat().st_size / 1e6:.0f} MB")
    print(f"SHA-256 {digest}")
    print(word("在另一台机器上核对:", "Check it on the other machine:") + f" sha256sum -c {target.name}.sha256")
    return 0


def _commit() -> str:
    """What is committed goes in. Raises Problem where the clone holds something else."""
    told = _git("status", "--porcelain", "--untracked-files=no")
    if told.returncode:
        raise Problem(
            "只能在 git 克隆中制作安装包", "A bundle is made in a clone of the repository: " + told.stderr.strip()
        )
    if told.stdout.strip():
        raise Problem(f"有未提交的改动:\n{told.stdout}", f"There are changes that are not committed:\n{told.stdout}")
    return _git("rev-parse", "--short=10", "HEAD").stdout.strip()


def _git(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", "-C", str(REPO), *words], capture_output=True, text=True, check=False)


def _python() -> Path | None:
    """The folder of the Python to carry along, None where the system's own packages bring it.

    Wheels are for one version of Python: the other machine has to find the same. Raises Problem where it would not.
    """
    base = Path(sys.base_prefix)
    if base == Path("/usr"):
        return None
    if base.is_relative_to(REPO / PYTHON):
        return REPO / PYTHON
    raise Problem(
        f"此环境用的 Python({base})在另一台机器上没有。请删除 .venv,设 FENGSUI_PYTHON=/usr/bin/python3"
        f"(3.12 以上);系统没有时先执行 uv python install 3.13 --install-dir {PYTHON}",
        f"The environment's Python ({base}) is not on the other machine. Remove .venv and set "
        f"FENGSUI_PYTHON=/usr/bin/python3 (3.12 or later); where the system has none, first run "
        f"uv python install 3.13 --install-dir {PYTHON}",
    )


def _repository(root: Path) -> None:
    packed = root.with_suffix(".git.tar")
    made = _git("archive", "--format=tar", f"--output={packed}", "HEAD")
    if made.returncode:
        raise Problem(f"git archive 失败:{made.stderr}", f"git archive failed: {made.stderr}")
    with tarfile.open(packed) as archive:
        archive.extractall(root, filter="tar")
    packed.unlink()


def wheels(folder: Path, work: Path) -> None:
    """What the lock names for this Python and system, hashes checked, and uv itself. pip fetches: uv keeps no files."""
    folder.mkdir(parents=True)
    _run(["uv", "pip", "install", "-q", "--target", str(work / "pip"), "--python", sys.executable, "pip"])
    index = os.environ.get("UV_DEFAULT_INDEX", "")
    fetch = [
        *(sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps"),
        *("--only-binary=:all:", "-d", str(folder), *(["--index-url", index] if index else [])),
    ]
    # Constraints of this machine are not the lock's.
    env = {**os.environ, "PYTHONPATH": str(work / "pip"), "PIP_CONSTRAINT": os.devnull}
    _run([*fetch, "--require-hashes", "-r", str(REPO / "requirements.lock")], env)
    _run([*fetch, "uv"], env)


def _run(command: list[str], env: dict[str, str] | None = None) -> None:
    uv = f"{REPO / '.cache/uv/bin'}:{os.path.expanduser('~/.local/bin')}"
    env = {**(env or os.environ)}
    env["PATH"] = f"{env.get('PATH', '/usr/bin:/bin')}:{uv}"
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    if done.returncode:
        lines = "\n".join((done.stdout + done.stderr).strip().splitlines()[-8:])
        raise Problem(f"{command[0]} 失败:\n{lines}", f"{' '.join(command[:4])} failed:\n{lines}")


def sums(root: Path) -> None:
    """SHA256SUMS of every file below `root`, as sha256sum reads them."""
    lines = []
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.is_symlink():
            with open(path, "rb") as body:
                lines.append(f"{hashlib.file_digest(body, 'sha256').hexdigest()}  {path.relative_to(root)}\n")
    (root / SUMS).write_text("".join(lines))


def pack(root: Path, target: Path) -> str:
    """One plain archive: what fills it is compressed already. FILE.sha256 beside it; returns that checksum."""
    part = target.with_name(f"{target.name}.part")
    with tarfile.open(part, "w") as archive:
        archive.add(root, arcname=root.name, filter=_nobody)
    with open(part, "rb") as body:
        digest = hashlib.file_digest(body, "sha256").hexdigest()
    part.rename(target)
    target.with_name(f"{target.name}.sha256").write_text(f"{digest}  {target.name}\n")
    return digest


def _nobody(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Whoever unpacks it owns it."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member

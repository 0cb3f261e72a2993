"""Bill of materials (CycloneDX 1.6, JSON) and list of licences: every locked package of Python and of the front end.

Versions and hashes are those of the lock files, licences those that the packages state (`licences`). Nothing is asked
of any network. The file has no time and no serial number in it: the same locks give the same bytes.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fengsui.config.ops import licences
from fengsui.config.ops.home import REPO

Component = dict[str, Any]
_ALGORITHMS = {"sha1": "SHA-1", "sha256": "SHA-256", "sha384": "SHA-384", "sha512": "SHA-512"}


def python_components() -> Iterator[Component]:
    """Of requirements.lock. A package that is not installed here (another platform's) has no licence stated."""
    stated = dict(licences.python_packages())
    text = (REPO / "requirements.lock").read_text()
    for found in re.finditer(
        r"^([A-Za-z0-9_.-]+)(?:\[.*?\])?==([^\s;\\]+)[^\n]*\n((?:    --hash=[^\n]*\n?)*)", text, re.M
    ):
        name, version, hashes = found[1], found[2], re.findall(r"sha256:([0-9a-f]{64})", found[3])
        yield _component("pypi", name, version, stated.get(name, ""), [("SHA-256", each) for each in hashes])


def node_components() -> Iterator[Component]:
    """Of frontend/package-lock.json; what only builds is marked as excluded from the product."""
    path = REPO / "frontend/package-lock.json"
    for where, entry in json.loads(path.read_text())["packages"].items():
        if not where:
            continue
        name = where.rpartition("node_modules/")[2]
        kind, _, digest = entry.get("integrity", "").partition("-")
        hashes = [(_ALGORITHMS[kind], base64.b64decode(digest).hex())] if kind in _ALGORITHMS else []
        made = _component("npm", name, entry.get("version", ""), entry.get("license", ""), hashes)
        yield {**made, "scope": "excluded"} if entry.get("dev") else made


def _component(kind: str, name: str, version: str, licence: str, hashes: list[tuple[str, str]]) -> Component:
    address = f"pkg:{kind}/{name.replace('@', '%40')}@{version}"
    made: Component = {"type": "library", "bom-ref": address, "name": name, "version": version, "purl": address}
    if licence:
        made["licenses"] = [{"license": {"name": licence}}]
    if hashes:
        made["hashes"] = [{"alg": alg, "content": content} for alg, content in sorted(hashes)]
    return made


def bill() -> dict[str, Any]:
    """The whole document."""
    found = {each["bom-ref"]: each for each in [*python_components(), *node_components()]}
    ours = {"type": "application", "bom-ref": "fengsui", "name": "fengsui", "version": _version()}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": ours},
        "components": [found[each] for each in sorted(found)],
    }


def _version() -> str:
    found = re.search(r'^version = "([^"]+)"', (REPO / "pyproject.toml").read_text(), re.M)
    return found[1] if found else "0"


def licence_list() -> str:
    """One line a shipped package: name, version, licence."""
    lines = []
    for each in bill()["components"]:
        if each.get("scope") != "excluded":
            said = each["licenses"][0]["license"]["name"] if each.get("licenses") else "(of another platform)"
            lines.append(f"{each['purl'][4:]}\t{said}")
    return "\n".join(lines) + "\n"


def write(folder: Path) -> list[Path]:
    """sbom.cdx.json and licences.txt."""
    folder.mkdir(parents=True, exist_ok=True)
    document, listed = folder / "sbom.cdx.json", folder / "licences.txt"
    document.write_text(json.dumps(bill(), ensure_ascii=False, indent=1) + "\n")
    listed.write_text(licence_list())
    return [document, listed]

"""What we ship is known by name, version, hash and licence."""

from __future__ import annotations

import json
import re

from fengsui.config.ops import licences, sbom
from fengsui.config.ops.home import REPO


def test_bill_names_every_locked_package_with_its_hash(tmp_path):
    document, listed = sbom.write(tmp_path)
    bill = json.loads(document.read_text())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    named = {each["name"] for each in bill["components"]}
    assert set(licences.locked()) <= named
    packages = json.loads((REPO / "frontend/package-lock.json").read_text())["packages"]
    assert {each.rpartition("node_modules/")[2] for each in packages if each} <= named
    assert len({each["bom-ref"] for each in bill["components"]}) == len(bill["components"])
    for each in bill["components"]:
        assert each["version"], each
        assert each["hashes"] or each["name"].startswith("@"), each
        assert re.fullmatch(r"pkg:(pypi|npm)/[^ ]+@[^ ]+", each["purl"]), each
    assert len(listed.read_text().splitlines()) > 60


def test_bill_is_the_same_bytes_when_written_twice(tmp_path):
    one, two = (sbom.write(tmp_path / each)[0].read_bytes() for each in "ab")
    assert one == two


def test_every_shipped_licence_is_an_allowed_one():
    assert licences.breaches() == []
    for line in sbom.licence_list().splitlines():
        licence = line.partition("\t")[2]
        assert licence.startswith("(of another") or licences.ALLOWED.search(licence), line


def test_no_key_or_secret_lies_in_the_repository():
    """Beginnings that only a secret has; files of tests name such words on purpose and are read too."""
    shapes = re.compile(
        r"-----BEGIN (RSA |EC |OPENSSH )?PRIVATE KEY-----\n[A-Za-z0-9+/]{40}|AKIA[0-9A-Z]{16}|ghp_[A-Za-z0-9]{36}"
        r"|xox[bp]-\d{6}"
    )
    for folder in ("src", "districts", "deploy", "docs", "bench", "examples"):
        for path in (REPO / folder).rglob("*"):
            if path.is_file() and path.suffix in {
                ".py",
                ".yaml",
                ".yml",
                ".md",
                ".json",
                ".csv",
                ".sh",
                ".conf",
                ".env",
            }:
                assert not shapes.search(path.read_text(errors="replace")), path

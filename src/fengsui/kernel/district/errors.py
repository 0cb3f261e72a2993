"""The one error of this package."""

from __future__ import annotations

from fengsui.kernel.errors import Invalid


class DistrictError(Invalid):
    """A district's file is wrong: `facts` hold file, key and fix."""

    def __init__(self, code: str, *, file: str, key: str, fix: str) -> None:
        super().__init__(code, file=file, key=key, fix=fix)

    def __str__(self) -> str:
        where = f"{self.facts['file']}: {self.facts['key']}" if self.facts["key"] else str(self.facts["file"])
        return f"{where}: {self.facts['fix']} [{self.code}]"

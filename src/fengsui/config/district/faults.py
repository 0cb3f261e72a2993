"""What is wrong with a sheet, a boundary or a district's file, in the user's words: where, what, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fengsui.kernel.district import DistrictError

SHOWN = 200


@dataclass(frozen=True, slots=True)
class Fault:
    """`row` counts from 1 as the sheet shows it, 0 where none is meant. `zh`, `en`: what is wrong; how to mend it."""

    file: str
    row: int
    column: str
    zh: str
    en: str

    @property
    def place(self) -> tuple[str, str]:
        """Chinese and English words for where it is."""
        zh = self.file + (f" 第 {self.row} 行" if self.row else "") + (f"“{self.column}”" if self.column else "")
        en = self.file + (f", row {self.row}" if self.row else "") + (f", {self.column}" if self.column else "")
        return zh, en


def said(found: Iterable[Fault], chinese: bool) -> list[str]:
    """One line each."""
    return [
        f"{fault.place[0]}：{fault.zh}" if chinese else f"{fault.place[1]}: {fault.en}" for fault in list(found)[:SHOWN]
    ]


_REASONS = {
    "missing_file": "缺这个文件",
    "not_yaml": "不是合格的 YAML",
    "missing_key": "缺这一项",
    "invalid": "填的内容不合格式",
    "twice": "代码重复",
    "unknown_reference": "引用的代码不存在",
    "total": "与 district.yaml 写明的总数不符",
    "outside": "不在边界内",
    "unknown_word": "模板里用了不存在的词",
    "unknown_kind": "没有这个种类",
}


def of_files(error: DistrictError) -> Fault:
    """The loader's own words, with the reason in Chinese before them."""
    reason = _REASONS.get(error.code.rpartition(".")[2], "不能用")
    key, fix = str(error.facts["key"]), str(error.facts["fix"])
    return Fault(str(error.facts["file"]), 0, key, f"{reason}（{fix}）", fix)

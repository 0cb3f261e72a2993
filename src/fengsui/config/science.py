"""`./fengsui science MODEL --case FILE --out FILE`: a hazard model on a case in a file, without the platform.

0: done. 1: the case cannot be read, or the model does not hold there. 2: unknown model or option.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fengsui.config.ops.console import Problem, say, word
from fengsui.kernel.errors import Invalid
from fengsui.science import case
from fengsui.science.contract import OutOfRange
from fengsui.science.models import PLACES, model

WORDS = {
    "science.case.unreadable": ("读不了 {file}：{why}", "cannot read {file}: {why}"),
    "science.case.not_json": ("{file} 不是 JSON：{why}", "{file} is not JSON: {why}"),
    "science.case.not_an_object": ("此处应为一组“名称: 值”，却是 {got}", "wanted names and values here, not {got}"),
    "science.case.unknown_field": ("没有这一项；有：{known}", "there is no such input; there are: {known}"),
    "science.case.missing": ("缺少这一项", "this input is missing"),
    "science.case.wrong_kind": ("应为 {wanted}，却是 {got}", "wanted {wanted}, got {got}"),
    "science.case.refused": ("不能这样算：{why}", "cannot be computed so: {why}"),
    "science.case.unknown_ending": ("不会写 {file}；可写 {known}", "cannot write {file}; can write {known}"),
    "science.case.no_grid": (
        "该结果没有带位置的栅格，请写 {known}",
        "no grid of it has a place; write {known}",
    ),
    "science.case.no_table": ("该结果不成表，请写 {known}", "this result is no table; write {known}"),
}


def problem(error: Invalid) -> Problem:
    """The refusal in the words of whoever wrote the case: which input, what is wrong, what would do."""
    if isinstance(error, OutOfRange):
        return Problem(f"{error}", f"{error}")
    zh, en = (text.format(**error.facts) for text in WORDS[error.code])
    return Problem(f"{error.field}：{zh}", f"{error.field}: {en}")


def main(options: argparse.Namespace) -> int:
    if not options.model:
        for code in sorted(PLACES):
            each = model(code)
            print(f"{code:20} {word(each.term.zh, each.term.en)}")
        return 0
    asked = model(options.model)
    if options.case is None or options.out is None:
        _describe(options.model)
        return 0
    try:
        result = asked.run(case.read(asked, Path(options.case)))
        case.write(asked, result, Path(options.out), case.frame(Path(options.case)))
    except Invalid as error:
        raise problem(error) from error
    for remark in result.remarks:
        say(f"注意[{remark.basis}]：{remark.zh}", f"Note [{remark.basis}]: {remark.en}")
    say(f"{options.out}（{result.provenance.wall_s:.3g} 秒）", f"{options.out} ({result.provenance.wall_s:.3g} s)")
    return 0


def _describe(code: str) -> None:
    """What the model takes and gives, where no case was named."""
    asked = model(code)
    print(f"{code}: {word(asked.term.zh, asked.term.en)}; {'; '.join(asked.papers)}")
    print((asked.inputs.__doc__ or "").strip())
    for each in asked.variables:
        axes = f"({', '.join(each.dims)})" if each.dims else ""
        print(f"  {each.intent:3} {each.name}{axes} [{each.unit}] {each.doc}")

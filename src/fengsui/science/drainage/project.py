"""A SWMM project: the text of its .inp and of the files that it reads. Nothing is read or written elsewhere.

An .inp may name files anywhere, to read and to write. Here it gets a folder of its own: what it reads must be handed
over with it, under the name that stands at the end of the path; what it would write is refused, or left out where
nothing is lost (reports of green roofs, scratch folders).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fengsui.kernel.errors import Invalid

INP, RPT, OUT = "project.inp", "project.rpt", "project.out"
MOST_CHARACTERS = 200_000_000
_TOKEN = re.compile(r'"[^"]*"|[^\s"]+')
_PLAIN = re.compile(r"^[^/\\:\0]{1,120}$")
_READS = ("RAINGAGES", "TIMESERIES", "TEMPERATURE")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that the project reads: a plain name and its text."""

    name: str
    text: str

    def __post_init__(self) -> None:
        if not _PLAIN.match(self.name) or self.name in (INP, RPT, OUT, ".", ".."):
            raise ValueError(f"{self.name[:40]!r} is no plain file name")


@dataclass(frozen=True, slots=True)
class Project:
    """`inp`: the project's text, as SWMM 5.2 reads it. `files`: what it reads beside it."""

    inp: str
    files: tuple[Attachment, ...] = ()

    def __post_init__(self) -> None:
        if len(self.inp) + sum(len(each.text) for each in self.files) > MOST_CHARACTERS:
            raise ValueError("a project is larger than 200 MB")
        self.laid()

    def laid(self) -> str:
        """The text with its file names made plain. Raises Invalid, naming the line, for a file that is not there."""
        there = {each.name for each in self.files}
        return "\n".join(_line(number, section, line, there) for number, section, line in lines(self.inp)) + "\n"

    def lay(self, folder: Path) -> None:
        """Write all of it into `folder`."""
        (folder / INP).write_text(self.laid(), "utf-8")
        for each in self.files:
            (folder / each.name).write_text(each.text, "utf-8")


def lines(inp: str) -> Iterator[tuple[int, str, str]]:
    """Number, section (upper case, as it would be read: its first four letters decide) and text of each line."""
    section = ""
    for number, line in enumerate(inp.splitlines(), 1):
        if line.lstrip().startswith("["):
            section = line.strip().lstrip("[").split("]")[0].upper()
        yield number, section, line


def section(inp: str, name: str) -> list[list[str]]:
    """The tokens of each filled line of a section, comments left out."""
    return [
        words
        for _, at, line in lines(inp)
        if at[:4] == name[:4] and (words := tokens(line)) and not words[0].startswith("[")
    ]


def option(project: Project, *names: str) -> str:
    """The last value of an option, upper case; empty where it is not set."""
    found = [words[1].upper() for words in section(project.inp, "OPTIONS") if words[0].upper() in names and words[1:]]
    return found[-1] if found else ""


def with_option(project: Project, name: str, value: str) -> Project:
    """The project with one option set: a later line wins."""
    return Project(f"{project.inp}\n\n[OPTIONS]\n{name} {value}\n", project.files)


def tokens(line: str) -> list[str]:
    return [word.strip('"') for word in _TOKEN.findall(line.split(";", 1)[0])]


def _line(number: int, section: str, line: str, there: set[str]) -> str:
    words = tokens(line)
    if not words or words[0].startswith("["):
        return line
    if section[:4] == "FILE":
        raise _refused(number, "接口文件（[FILES]）不读也不写", "no interface files ([FILES]), to read or to write")
    if section[:4] == "OPTI" and words[0].upper() == "TEMPDIR":
        return ""
    if section[:4] == "BACK":
        return ""
    if section[:5] == "LID_U" and len(words) > 8:
        return " ".join([*words[:8], "*", *words[9:]])
    if any(section[:4] == each[:4] for each in _READS):
        return _reads(number, line, words, there)
    return line


def _refused(number: int, zh: str, en: str) -> Invalid:
    return Invalid("science.case.refused", field="inp", why=f"第 {number} 行：{zh}; line {number}: {en}", line=number)


def _reads(number: int, line: str, words: list[str], there: set[str]) -> str:
    """A line with `FILE name`: the name made plain."""
    upper = [word.upper() for word in words]
    if "FILE" not in upper[:6] or (at := upper.index("FILE") + 1) >= len(words):
        return line
    name = re.split(r"[/\\]", words[at])[-1]
    if name not in there:
        known = ", ".join(sorted(there))
        raise _refused(number, f"要读 {name}，files 里没有；有：{known}", f"reads {name}, not among files: {known}")
    return " ".join([*words[:at], f'"{name}"', *words[at + 1 :]])

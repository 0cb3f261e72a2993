"""The lines of a guide, as a person types them: what is a name or an editor there has its value here."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fengsui.config.ops.home import REPO


@dataclass(frozen=True, slots=True)
class Filled:
    """Something that the guide leaves to the person: `find` and `put` as re.sub takes them."""

    find: str
    put: str


def lines(page: str, heading: str, filled: tuple[Filled, ...] = ()) -> list[str]:
    """Commands below one heading of docs/howto/<page>.md, in order. Raises LookupError where something to be filled in
    is not there any more: the guide was changed, and whoever changed it has to look here, too.
    """
    text = (REPO / f"docs/howto/{page}.md").read_text()
    part = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if part is None:
        raise LookupError(f"{page} has no heading {heading!r}")
    script = "\n".join(re.findall(r"```sh\n(.*?)```", part[1], re.DOTALL))
    found = [line for each in script.splitlines() if (line := re.sub(r"(^|\s+)# .*", "", each).strip())]
    for each in filled:
        changed = [re.sub(each.find, each.put, line) for line in found]
        if changed == found:
            raise LookupError(f"{page}, {heading}: {each.find!r} is not there")
        found = changed
    return found

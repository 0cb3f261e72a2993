"""One deed for the ticked rows of a list: the trial as a page, then the press, then what came of it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST

from fengsui.core import wording
from fengsui.core.ledger import deeds
from fengsui.core.ledger.views.shared import opened_list, shell
from fengsui.core.ledger.wanted import Wanted
from fengsui.core.ledger.worklist import Worklist
from fengsui.kernel.errors import Invalid, NotFound


@require_POST
def act(request: HttpRequest, name: str) -> HttpResponse:
    """Without `sure` it is a trial and nothing is changed; with it each row that can be done is done."""
    listed, by = opened_list(request, name)
    if not isinstance(listed, Worklist):
        raise NotFound("core.ledger.no_deed", deed=name)
    sent = request.POST
    deed = deeds.deed_of(listed, sent.get("deed", ""), by)
    keys, reason = sent.getlist("rows"), sent.get("reason", "")[:300]
    sure, error, found = sent.get("sure") == "1", "", []
    try:
        # A reason may come on the next page: what it would do to the rows is seen with a stand-in for it.
        tried = reason or ("" if sure or not deed.reason else "…")
        found = deeds.attempt(
            listed=listed, deed=deed, keys=keys, by=by, now=timezone.now(), reason=tried, trial=not sure
        )
    except Invalid as bad:
        said = wording.say(bad)
        error, sure = f"{said.what}，{said.todo}", False
        found = deeds.attempt(listed=listed, deed=deed, keys=keys, by=by, now=timezone.now(), reason="…", trial=True)
    context = {
        "listed": listed, "deed": deed, "reason": reason, "error": error, "over": sure,
        "query": Wanted.of(listed, QueryDict(sent.get("query", "")[:4000])).query(),
        "can": [each for each in found if each.refused is None],
        "cannot": [each for each in found if each.refused is not None],
        "most": deeds.MOST, "left_out": max(0, len(keys) - deeds.MOST),
    }  # fmt: skip
    return render(request, "ledger/deed.html", shell(by, listed, **context), status=422 if error else 200)

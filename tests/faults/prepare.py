"""Before the first round: tokens for the people, places for their cases. `python -m tests.faults.inside prepare`"""

from __future__ import annotations

import json
import os
from pathlib import Path

from fengsui.apps.people.models import Account
from fengsui.apps.places.models import WaterloggingPoint
from tests.api.programs import ALL, token_of

WHO = ("duty", "leader", "commander")


def main() -> None:
    tokens = {login: token_of(login, ALL)[1] for login in WHO}
    bureau = Account.objects.get(username="duty").person.holdings.order_by("since")[0].post.org.jurisdiction
    places = [
        str(each.place_id) for each in WaterloggingPoint.objects.filter(place__jurisdiction=bureau).order_by("pk")
    ]
    (Path(os.environ["FAULTS_TRUTH"]) / "tokens.json").write_text(json.dumps({"tokens": tokens, "places": places}))

"""Before the first round: tokens for the people, places for their cases. `python -m tests.faults.inside prepare`"""

from __future__ import annotations

import json
import os
from pathlib import Path

from fengsui.apps.places.models import WaterloggingPoint
from tests.api.programs import ALL, token_of

WHO = ("duty", "leader", "commander")


def main() -> None:
    tokens = {login: token_of(login, ALL)[1] for login in WHO}
    places = [str(each.place_id) for each in WaterloggingPoint.objects.order_by("pk")]
    (Path(os.environ["FAULTS_TRUTH"]) / "tokens.json").write_text(json.dumps({"tokens": tokens, "places": places}))

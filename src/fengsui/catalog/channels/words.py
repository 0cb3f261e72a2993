"""Forms that several channels share."""

from __future__ import annotations

import json
from typing import Any

from fengsui.kernel.ports.outlets import Parcel

EXERCISE_ZH, EXERCISE_EN = "【演练】", "[EXERCISE] "


def facts(parcel: Parcel) -> dict[str, Any]:
    """The bulletin as plain facts; times with offset; the CAP text whole, so that its digest can be checked."""
    return {
        "key": parcel.key,
        "identifier": parcel.identifier,
        "status": parcel.status,
        "msg_type": parcel.msg_type,
        "kind": parcel.kind,
        "hazard": parcel.hazard,
        "level": parcel.level,
        "sender": parcel.sender,
        "sender_name": parcel.sender_name,
        "sent_at": parcel.sent_at.isoformat(),
        "expires_at": parcel.expires_at.isoformat(),
        "areas": list(parcel.area_codes),
        "references": parcel.references,
        "web": parcel.web,
        "texts": {
            language: {
                "headline": words.headline,
                "description": words.description,
                "instruction": words.instruction,
                "area": words.area,
            }
            for language, words in (("zh-CN", parcel.zh), ("en-US", parcel.en))
        },
        "sha256": parcel.sha256,
        "cap": parcel.cap.decode(),
    }


def as_json(content: dict[str, Any]) -> bytes:
    """One spelling per content: what is signed is what is sent."""
    return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()

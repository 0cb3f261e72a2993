"""Every channel folder: entry, README, samples; the rendered bytes equal the committed sample."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from fengsui.catalog.channels import channel, channels
from fengsui.catalog.channels.signing import signature
from fengsui.kernel.errors import NotFound
from fengsui.kernel.ports.outlets import Address, Parcel, Words

HOME = Path(__file__).parents[1]
CODES = sorted(channels())
PUSHED = [code for code in CODES if channels()[code].transport == "http"]


def parcel(**over: object) -> Parcel:
    facts: dict = {
        "key": "0d1f0e52-7b7e-4f0e-9c39-0f6f2f3f4a11",
        "identifier": "21010600000100_20260728025500_0",
        "kind": "alert",
        "msg_type": "Alert",
        "status": "Actual",
        "hazard": "waterlogging",
        "level": "orange",
        "sender": "21010600000100",
        "sender_name": "铁西区应急管理局",
        "sent_at": datetime(2026, 7, 27, 18, 55, tzinfo=UTC),
        "expires_at": datetime(2026, 7, 28, 0, 55, tzinfo=UTC),
        "area_codes": ("210106007",),
        "zh": Words(
            "铁西区应急管理局发布内涝橙色预警[Ⅱ级/严重]", "积水 27 厘米。", "该处已封闭，请勿进入。", "启工街道"
        ),
        "en": Words("Waterlogging warning, Orange", "Water depth 27 cm.", "Do not enter.", "Qigong"),
        "cap": b"<alert/>",
        "sha256": "8c" * 32,
    }
    return Parcel(**(facts | over))


def test_channels_when_found_by_folder_name():
    assert set(CODES) >= {"email", "feed", "mqtt", "screen", "webhook"}
    # What stays in the house may be used by an exercise: a new channel is taken for public until it is named here.
    assert {code for code in CODES if not channels()[code].public} == {"email", "screen"}
    with pytest.raises(NotFound):
        channel("pigeon")


@pytest.mark.parametrize("code", CODES)
def test_channel_when_complete(code):
    entry = channels()[code]
    assert entry.term.zh
    assert entry.term.en
    assert entry.receipt.zh
    assert entry.receipt.en
    assert 0 < entry.wait_s <= 10
    assert (HOME / code / "README.md").read_text().startswith("# ")
    sample = next((HOME / code / "samples").iterdir())
    assert entry.render(parcel()).replace(b"\r\n", b"\n") == sample.read_bytes()
    assert entry.render(parcel()) == entry.render(parcel())


@pytest.mark.parametrize("code", ["email", "mqtt"])
def test_channel_when_exercise_is_marked(code):
    body = channels()[code].render(parcel(status="Exercise"))
    text = str(message_from_bytes(body, policy=policy.default)["Subject"]) if code == "email" else body.decode()
    assert "【演练】" in text


@pytest.mark.parametrize(
    ("code", "address", "wrong"),
    [
        ("email", Address(), True),
        ("email", Address(to=("a@b.example",)), False),
        ("email", Address(to=("a@b.example\nBcc: x@y",)), True),
        *((code, Address(), True) for code in PUSHED),
        *((code, Address(env="FENGSUI_WEBHOOK_URL"), False) for code in PUSHED),
        ("mqtt", Address(topic="broadcast/core"), False),
        ("mqtt", Address(topic="broadcast/#"), True),
        ("mqtt", Address(topic="a.b"), True),
        ("screen", Address(), False),
        ("feed", Address(), False),
    ],
)
def test_address_when_checked(code, address, wrong):
    assert bool(channels()[code].check(address)) is wrong


def test_signature_when_computed_by_the_published_recipe():
    # printf '1700000000.{}' | openssl dgst -sha256 -hmac secret
    assert signature("secret", "1700000000", b"{}") == (
        "sha256=b8569b78799ff9e3cbff0fc2d63a33a2b57f3282abd07c37ae5e8e7d79a5f163"
    )

"""The codec by hand-made bytes and by random ones: a value, or Malformed, and never anything else."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengsui.engines.smpp import pdu, text
from fengsui.engines.smpp.provider import Provider, providers

ASCII = st.text("".join(map(chr, range(33, 127))), max_size=15)
BYTE = st.integers(0, 255)
CHINESE = st.text("水深二十七厘米，请勿进入27cm😀𠮷\n", min_size=1, max_size=700)


def test_submit_when_packed_is_what_the_specification_prints():
    content = pdu.Message("13800000000", b"\x66\x30", source="106", dest_ton=1, dest_npi=1, data_coding=8)
    assert pdu.pack(pdu.SUBMIT_SM, 7, pdu.message(content)).hex(" ") == (
        "00 00 00 31 00 00 00 04 00 00 00 00 00 00 00 07 "  # length 49, submit_sm, status, sequence
        "00 00 00 31 30 36 00 "  # service_type, source ton, npi, address
        "01 01 31 33 38 30 30 30 30 30 30 30 30 00 "  # destination
        "00 00 00 00 00 00 00 08 00 02 66 30"  # esm_class to data_coding 8, sm_length 2
    )


def test_bind_when_packed_is_what_the_specification_prints():
    assert pdu.bind("account", "secret").hex(" ") == "61 63 63 6f 75 6e 74 00 73 65 63 72 65 74 00 00 34 00 00 00"


@given(
    st.builds(
        pdu.Message, destination=ASCII, text=st.binary(max_size=600), source=ASCII, source_ton=BYTE, source_npi=BYTE,
        dest_ton=BYTE, dest_npi=BYTE, esm_class=BYTE, validity=ASCII, registered=BYTE, data_coding=BYTE,
        tlvs=st.dictionaries(st.integers(0, 0x0423), st.binary(max_size=40), max_size=4),
    )
)  # fmt: skip
def test_message_when_written_and_read_is_the_same(content):
    assert pdu.read_message(pdu.message(content)) == content


@given(st.lists(st.tuples(BYTE, BYTE, st.binary(max_size=300)), max_size=8), st.data())
def test_stream_when_cut_anywhere_gives_the_same_units(units, data):
    whole = b"".join(pdu.pack(command, n, body, status) for n, (command, status, body) in enumerate(units))
    buffer, found, at = bytearray(), [], 0
    while at < len(whole):
        step = data.draw(st.integers(1, 64))
        buffer += whole[at : at + step]
        at += step
        found += pdu.split(buffer)
    assert found == [(command, status, n, body) for n, (command, status, body) in enumerate(units)]
    assert not buffer


@given(st.binary(max_size=400))
def test_random_bytes_when_read_are_a_value_or_malformed(octets):
    for read in (pdu.read_message, pdu.read_id, lambda body: pdu.read_tlvs(body, 0)):
        with suppress(pdu.Malformed):
            read(octets)
    with suppress(pdu.Malformed):
        pdu.split(bytearray(octets))


@pytest.mark.parametrize("octets", [b"\0\0\0\x0f" + bytes(12), b"\xff\xff\xff\xff" + bytes(12)])
def test_length_when_impossible_is_malformed(octets):
    with pytest.raises(pdu.Malformed):
        pdu.split(bytearray(octets))


@given(CHINESE, st.booleans())
def test_text_when_cut_and_joined_is_the_same_and_no_part_is_too_long(said, payload):
    found = text.parts(said, payload=payload, reference=300)
    assert text.joined(list(reversed(found))) == said
    assert payload or all(len(part.data) <= text.ONE for part in found)
    assert not payload or len(found) == 1


@pytest.mark.parametrize(("length", "parts"), [(1, 1), (70, 1), (71, 2), (134, 2), (135, 3)])
def test_parts_when_counted(length, parts):
    assert len(text.parts("水" * length, payload=False, reference=0)) == parts


def test_text_when_impossible_is_refused():
    for said in ("", "水" * (67 * 255 + 1)):
        with pytest.raises(ValueError, match=r"nothing|parts"):
            text.parts(said, payload=False, reference=0)
    with pytest.raises(ValueError, match="missing"):
        text.joined(text.parts("水" * 200, payload=False, reference=0)[1:])


def test_providers_when_read_in_order():
    first, second = providers(
        "smpp://a:p%40@h:2776?source=1069&name=移动&window=50&long=payload smpps://b:q@k?ids=hex-dec"
    )
    assert first == Provider("移动", "h", 2776, "a", "p@", source="1069", window=50, payload=True)
    assert second.ids == (16, 10)
    assert (second.name, second.port, second.secure) == ("k-2", 3550, True)


@pytest.mark.parametrize(
    "wrong",
    [
        "http://a:hush@h", "smpp://h", "smpp://a:hush@h:x", "smpp://a:hush@h?window=0", "smpp://a:hush@h?window=x",
        "smpp://a:hush@h?fast=1", "smpp://a:hush-hush-hush@h", "smpp://a:hush@h?source=a%00b", "smpp://[x:hush@h",
        "smpp://a:hush@h?name=x smpp://a:hush@k?name=x", "smpp://a:hush@h?ids=oct",
    ],
)  # fmt: skip
def test_provider_when_wrong_is_named_without_its_password(wrong):
    with pytest.raises(ValueError, match="provider") as said:
        providers(wrong)
    assert "hush" not in str(said.value)


@given(st.text(max_size=200))
def test_address_when_random_is_providers_or_a_value_error(said):
    with suppress(ValueError):
        providers("smpp://a:b@h?" + said)
    with suppress(ValueError):
        providers(said)

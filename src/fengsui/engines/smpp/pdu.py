"""Protocol data units of SMPP 3.4 (section 4): bytes in, values out. What is none raises Malformed, nothing else.

All integers are big-endian; a C-octet string is ASCII and ends with NUL.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

GENERIC_NACK = 0x80000000
SUBMIT_SM, DELIVER_SM, UNBIND, BIND_TRANSCEIVER, ENQUIRE_LINK = 0x04, 0x05, 0x06, 0x09, 0x15
RESP = 0x80000000
VERSION = 0x34

OK, THROTTLED, QUEUE_FULL, BAD_DESTINATION = 0x00, 0x58, 0x14, 0x0B
STATUS: Mapping[int, str] = {
    0x00: "ESME_ROK",
    0x01: "ESME_RINVMSGLEN",
    0x02: "ESME_RINVCMDLEN",
    0x03: "ESME_RINVCMDID",
    0x04: "ESME_RINVBNDSTS",
    0x05: "ESME_RALYBND",
    0x08: "ESME_RSYSERR",
    0x0A: "ESME_RINVSRCADR",
    0x0B: "ESME_RINVDSTADR",
    0x0D: "ESME_RBINDFAIL",
    0x0E: "ESME_RINVPASWD",
    0x0F: "ESME_RINVSYSID",
    0x14: "ESME_RMSGQFUL",
    0x45: "ESME_RSUBMITFAIL",
    0x58: "ESME_RTHROTTLED",
}

PAYLOAD = 0x0424
"""Optional parameter message_payload."""
HEADER = struct.Struct(">IIII")
_TLV = struct.Struct(">HH")
LONGEST = 128 * 1024
"""No PDU of ours or of a sane centre is longer: message_payload holds at most 64 kB."""


class Malformed(ValueError):
    """These bytes are no SMPP 3.4. The connection they came by cannot be trusted any more."""


@dataclass(frozen=True, slots=True)
class Message:
    """submit_sm and deliver_sm, which have one layout. `text`: short_message or, where that is empty, message_payload.

    esm_class 0x40: text begins with a user data header; 0x04: it is a delivery receipt. validity: '' or 16 characters.
    """

    destination: str
    text: bytes
    source: str = ""
    source_ton: int = 0
    source_npi: int = 0
    dest_ton: int = 0
    dest_npi: int = 0
    esm_class: int = 0
    validity: str = ""
    registered: int = 0
    data_coding: int = 0
    tlvs: Mapping[int, bytes] = field(default_factory=dict)


def status_name(status: int) -> str:
    return STATUS.get(status, f"0x{status:08X}")


def pack(command: int, sequence: int, body: bytes = b"", status: int = 0) -> bytes:
    return HEADER.pack(HEADER.size + len(body), command, status, sequence) + body


def split(buffer: bytearray) -> list[tuple[int, int, int, bytes]]:
    """(command, status, sequence, body) of every whole PDU at the buffer's beginning; those bytes are taken out."""
    found, at, end, unpack = [], 0, len(buffer), HEADER.unpack_from
    octets = bytes(buffer)  # a piece of a bytearray would be copied twice
    while end - at >= 16:
        length, command, status, sequence = unpack(octets, at)
        if not 16 <= length <= LONGEST:
            raise Malformed(f"command_length {length}")
        if end - at < length:
            break
        found.append((command, status, sequence, octets[at + 16 : at + length]))
        at += length
    del buffer[:at]
    return found


def c_octets(text: str, longest: int) -> bytes:
    """With its NUL. Raises ValueError where it is no ASCII, holds a NUL, or is longer than `longest` with it."""
    octets = text.encode("ascii")
    if b"\0" in octets or len(octets) >= longest:
        raise ValueError(f"no C-octet string of at most {longest}: {len(octets)} octets")
    return octets + b"\0"


def read_c_octets(body: bytes, at: int, longest: int) -> tuple[str, int]:
    """The text and where it ends. Raises Malformed."""
    end = body.find(b"\0", at, at + longest)
    if end < 0:
        raise Malformed("C-octet string without an end")
    try:
        return body[at:end].decode("ascii"), end + 1
    except UnicodeDecodeError as wrong:
        raise Malformed("C-octet string that is no ASCII") from wrong


def bind(system_id: str, password: str, system_type: str = "") -> bytes:
    """Body of bind_transceiver (4.1.5)."""
    return b"".join(
        (c_octets(system_id, 16), c_octets(password, 9), c_octets(system_type, 13), bytes((VERSION, 0, 0)), b"\0")
    )


def message_head(message: Message) -> bytes:
    """What stands before the destination's address: the same for every recipient."""
    return b"".join(
        (
            b"\0",
            bytes((message.source_ton, message.source_npi)),
            c_octets(message.source, 21),
            bytes((message.dest_ton, message.dest_npi)),
        )
    )


def message_tail(message: Message) -> bytes:
    """What stands after it. A text over 254 octets goes as message_payload."""
    tlvs, text = dict(message.tlvs), message.text
    if len(text) > 254:
        tlvs[PAYLOAD], text = text, b""
    return b"".join(
        (
            bytes((message.esm_class, 0, 0)),
            b"\0",
            c_octets(message.validity, 17),
            bytes((message.registered, 0, message.data_coding, 0, len(text))),
            text,
            *(_TLV.pack(tag, len(value)) + value for tag, value in tlvs.items()),
        )
    )


def message(content: Message) -> bytes:
    """Body of submit_sm (4.4.1) or deliver_sm (4.6.1)."""
    return message_head(content) + c_octets(content.destination, 21) + message_tail(content)


def read_message(body: bytes) -> Message:
    """The other way round. Raises Malformed."""
    _service, at = read_c_octets(body, 0, 6)
    source_ton, source_npi = _octets(body, at, 2)
    source, at = read_c_octets(body, at + 2, 21)
    dest_ton, dest_npi = _octets(body, at, 2)
    destination, at = read_c_octets(body, at + 2, 21)
    esm_class, _protocol, _priority = _octets(body, at, 3)
    _schedule, at = read_c_octets(body, at + 3, 17)
    validity, at = read_c_octets(body, at, 17)
    registered, _replace, coding, _default, length = _octets(body, at, 5)
    text = bytes(_octets(body, at + 5, length))
    tlvs = read_tlvs(body, at + 5 + length)
    if not text:
        text = tlvs.pop(PAYLOAD, b"")
    return Message(
        destination, text, source, source_ton, source_npi, dest_ton, dest_npi, esm_class, validity, registered,
        coding, tlvs,
    )  # fmt: skip


def read_tlvs(body: bytes, at: int) -> dict[int, bytes]:
    """Optional parameters to the body's end (3.2.4). Raises Malformed."""
    found: dict[int, bytes] = {}
    while at < len(body):
        if len(body) - at < 4:
            raise Malformed("optional parameter cut short")
        tag, length = _TLV.unpack_from(body, at)
        found[tag] = bytes(_octets(body, at + 4, length))
        at += 4 + length
    return found


def read_id(body: bytes) -> str:
    """message_id of submit_sm_resp; a refusal may come without any body. Raises Malformed."""
    return read_c_octets(body, 0, 65)[0] if body else ""


def _octets(body: bytes, at: int, count: int) -> bytes:
    if at + count > len(body):
        raise Malformed("body cut short")
    return body[at : at + count]

"""Who asks: an address that anybody can write is nobody's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengsui.core.web.proxies import networks, resolved

OURS = networks("10.0.0.5, fd00::/8")


def asked(client, *headers):
    scope = {"type": "http", "client": (client, 4711), "headers": [(b"host", b"x"), *headers]}
    found = resolved(scope, OURS)
    return found["client"][0], dict(found["headers"])


def chain(text):
    return (b"x-forwarded-for", text.encode())


def test_sender_behind_a_named_proxy_is_who_it_says():
    assert asked("10.0.0.5", chain("203.0.113.9"))[0] == "203.0.113.9"


def test_header_of_a_stranger_is_not_believed_and_not_handed_on():
    sender, headers = asked("203.0.113.9", chain("198.51.100.1"), (b"x-forwarded-proto", b"https"))
    assert sender == "203.0.113.9"
    assert headers == {b"host": b"x"}


def test_what_the_sender_wrote_himself_stands_left_of_what_the_proxy_wrote():
    assert asked("10.0.0.5", chain("127.0.0.1, 198.51.100.1, 203.0.113.9"))[0] == "203.0.113.9"


def test_two_proxies_of_ours_lead_to_the_sender():
    assert asked("fd00::1", chain("203.0.113.9, 10.0.0.5"))[0] == "203.0.113.9"


def test_several_lines_are_one_list():
    assert asked("10.0.0.5", chain("198.51.100.1"), chain("203.0.113.9"))[0] == "203.0.113.9"


@pytest.mark.parametrize("text", ["nonsense", "", ",", "203.0.113.9:80", "unknown"])
def test_nonsense_leaves_the_proxy_as_the_sender(text):
    assert asked("10.0.0.5", chain(text))[0] == "10.0.0.5"


def test_scheme_counts_from_a_proxy_and_only_as_one_of_two():
    assert asked("10.0.0.5", (b"x-forwarded-proto", b"https"))[1][b"x-forwarded-proto"] == b"https"
    assert b"x-forwarded-proto" not in asked("10.0.0.5", (b"x-forwarded-proto", b"gopher"))[1]


def test_a_request_without_an_address_is_a_stranger():
    found = resolved({"type": "http", "client": None, "headers": [chain("203.0.113.9")]}, OURS)
    assert found["client"] is None
    assert found["headers"] == []


@given(st.binary(), st.ip_addresses(network="203.0.113.0/24").map(str))
def test_no_text_makes_a_stranger_anybody_else(text, stranger):
    sender, headers = asked(stranger, (b"x-forwarded-for", text))
    assert sender == stranger
    assert set(headers) == {b"host"}


@given(st.binary())
def test_no_text_stops_a_request_through_a_proxy(text):
    assert asked("10.0.0.5", (b"x-forwarded-for", text))[0]

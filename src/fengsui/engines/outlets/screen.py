"""Screens of the house: the NOTIFY of the issuing transaction already told every open page; here only the mark."""

from __future__ import annotations

from fengsui.kernel.ports.outlets import Address, Parcel, Receipt


class Screen:
    def send(self, parcel: Parcel, address: Address) -> Receipt:
        return Receipt("sent", "told", {"identifier": parcel.identifier})

    def test(self, address: Address) -> Receipt:
        return Receipt("sent", "told")

    def close(self) -> None:
        """Nothing is held."""

"""A printed page leads back to the living one, and nowhere else."""

from __future__ import annotations

import pytest

from fengsui.core.ui.paper import qr


def test_code_when_made_for_a_page_is_the_same_again_and_another_for_another_page():
    one, again, other = qr("/orders/1/"), qr("/orders/1/"), qr("/orders/2/")
    assert one == again != other
    assert one.startswith("<svg")
    assert "script" not in one


@pytest.mark.parametrize("path", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""])
def test_code_when_it_would_lead_elsewhere_is_refused(path):
    with pytest.raises(ValueError):
        qr(path)

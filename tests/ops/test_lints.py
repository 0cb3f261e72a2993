"""Every house lint finds its bad line and lets its good line pass."""

import pytest

from fengsui.config.ops import licences, lints


@pytest.mark.parametrize("lint", lints.LINTS, ids=lambda lint: lint.name)
def test_lint_when_given_its_bad_and_good_line(lint):
    assert lint.bad.search(lint.bad_line)
    assert not lint.bad.search(lint.good_line)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("<p>{{ _('积水') }}</p>", []),
        ("<p>\n积水</p>", [2]),
        ("{% trans %}积水{% endtrans %}", []),
        ("{% trans n=3 %}{{ n }} 处{% endtrans %}\n<b>处</b>", [2]),
        ("<!-- 说明 -->{# 注 #}<p>x</p>", []),
        ('<input title="提示">', [1]),
    ],
)
def test_untranslated_template_when_chinese_is_bare(text, lines):
    assert list(lints.untranslated_template(text)) == lines


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ('"""说明"""\nx = _("积水")', []),
        ('x = "积水"', [1]),
        ('# 注\nx = ngettext("一处", "多处", 2)', []),
        ('x = f"{a} 处"', [1]),
    ],
)
def test_untranslated_python_when_chinese_is_bare(text, lines):
    assert list(lints.untranslated_python(text)) == lines


@pytest.mark.parametrize(
    ("licence", "refused"),
    [
        ("MIT", False),
        ("LGPL-3.0-only", False),
        ("AGPL-3.0", True),
        ("GPL-3.0-or-later", True),
        ("GPL-2.0-or-later OR MPL-1.1", False),
        ("", True),
        ("SSPL-1.0", True),
        ("License :: OSI Approved :: GNU Lesser General Public License v3 (LGPLv3)", False),
        ("License :: OSI Approved :: GNU General Public License v3 (GPLv3)", True),
    ],
)
def test_licence_when_named(monkeypatch, licence, refused):
    monkeypatch.setattr(licences, "python_packages", lambda: [("x", licence)])
    monkeypatch.setattr(licences, "node_packages", list)
    monkeypatch.setattr(licences, "addresses", list)
    assert bool(licences.breaches()) is refused

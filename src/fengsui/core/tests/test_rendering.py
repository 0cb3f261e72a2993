"""Words and macros of templates: as Jinja's own, at a tenth of the price."""

import pytest
from django.template import engines
from django.test import RequestFactory
from django.utils import translation
from django.utils.functional import SimpleLazyObject
from jinja2 import DictLoader

ENV = engines["jinja2"].env


def drawn(text, **context):
    return ENV.from_string(text).render(**context)


def test_word_when_the_language_changes_is_said_in_it():
    said = []
    for language in ("zh-hans", "en", "zh-hans"):
        with translation.override(language):
            said.append(drawn('{{ _("时限") }}'))
    assert said[0] == said[2] == "时限"
    assert said[1] != "时限"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{{ _("%(n)s 条", n=who) }}', "&lt;b&gt; 条"),
        ('{{ _("<i>%(n)s</i>", n=who) }}', "<i>&lt;b&gt;</i>"),
        ('{{ _("100%% <i>") }}', "100% <i>"),
        ('{{ _("") }}', ""),
    ],
)
def test_word_when_something_is_put_in_escapes_that_alone(text, shown):
    with translation.override("zh-hans"):
        assert drawn(text, who="<b>") == shown


@pytest.fixture
def parts(monkeypatch):
    """Two files of macros: one that names what it reads, one that may read anything."""
    files = {
        "parts.html": "{% macro told(x) %}{{ x }} {{ world }} {{ rare|default('-') }}{% endmacro %}",
        "open.html": "{% include 'parts.html' %}{% macro told(x) %}{{ x }}{% endmacro %}",
        "page.html": "{% from name import told with context %}{{ told(1) }}|{% include 'part.html' %}",
        "part.html": "{% from name import told with context %}{{ told(2) }}",
    }
    env = ENV.overlay(loader=DictLoader(files), cache_size=50)
    made = []
    plain = env.template_class.__mro__[1].make_module

    def counted(self, *args, **kwargs):
        made.append(self.name)
        return plain(self, *args, **kwargs)

    monkeypatch.setattr(env.template_class.__mro__[1], "make_module", counted)
    return env, made


def test_macros_when_several_parts_of_a_page_import_them_are_made_once(parts):
    env, made = parts
    request = RequestFactory().get("/")
    world = SimpleLazyObject(lambda: "live")
    page = env.get_template("page.html")
    assert page.render(request=request, name="parts.html", world=world) == "1 live -|2 live -"
    assert made == ["parts.html"]


def test_macros_when_what_they_read_is_another_one_are_made_anew(parts):
    env, made = parts
    request = RequestFactory().get("/")
    page = env.from_string(
        "{% from 'parts.html' import told with context %}{{ told(1) }}"
        "{% set rare = 'set here' %}{% from 'parts.html' import told with context %}{{ told(1) }}"
    )
    assert page.render(request=request, world="live") == "1 live -1 live set here"
    assert page.render(request=request, world="drill") == "1 drill -1 drill set here"
    assert len(made) == 4


def test_macros_when_another_request_draws_the_same_page_are_its_own(parts):
    env, made = parts
    page = env.get_template("page.html")
    for _n in range(2):
        page.render(request=RequestFactory().get("/"), name="parts.html", world="live")
    assert made == ["parts.html"] * 2


def test_macros_when_their_file_includes_another_are_made_each_time(parts):
    env, made = parts
    page = env.get_template("page.html")
    assert page.render(request=RequestFactory().get("/"), name="open.html", world="live") == "1|2"
    assert made == ["open.html"] * 2

"""Base pages render under the strict engine, in both languages and worlds, without breaking the content policy."""

import re
from types import SimpleNamespace as Row

import pytest
from django.template.loader import get_template
from django.test import RequestFactory
from django.utils import translation

from fengsui.core.ui import assets, gallery

GALLERY = gallery.PAGES
ERRORS = ["400.html", "403.html", "404.html", "500.html", "403_csrf.html"]


@pytest.fixture
def demo(settings):
    settings.DEMO = True


def shown(name, query="", **request_facts):
    request = RequestFactory().get(f"/ui/gallery/{name}{query}")
    return gallery.page(request, name).content.decode()


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("name", GALLERY)
def test_gallery_when_rendered(demo, name, language):
    with translation.override(language):
        html = shown(name)
    assert 'data-world="live"' in html
    assert not re.search(r"""\sstyle\s*=|<script(?![^>]*src=)|\son[a-z]+\s*=|javascript:""", html)


@pytest.mark.parametrize("name", GALLERY)
def test_gallery_when_an_exercise_marks_titles_and_doing_buttons(demo, name):
    html = shown(name, "?world=drill")
    assert 'data-world="drill"' in html
    assert "<title>演练 · " in html
    for title in re.findall(r'<div class="ph[^"]*"><h2>(.*?)</h2>', html.replace("\n", "")):
        if name != "components" or "随主题" not in title:
            assert title.startswith('<span class="drillword">演练</span>'), title
    for button in re.findall(r'<button class="btn do[^>]*>(.*?)</button>', html):
        assert "演练" in button


def test_gallery_when_not_a_demonstration_does_not_exist(settings):
    from django.http import Http404

    settings.DEMO = False
    with pytest.raises(Http404):
        shown("desk")


@pytest.mark.parametrize("name", ERRORS)
def test_error_page_when_django_gives_no_context(name):
    html = get_template(name).render()
    assert "<h1>" in html
    assert "回到值守台" in html


def test_error_page_when_a_rule_refused_says_what_why_and_number():
    said = Row(what="现在不能这样办", todo="刷新本页", code="alerts.issue.same_person")
    html = get_template("ui/error.html").render({"said": said, "status": 409, "number": "ab12cd34"})
    assert "现在不能这样办" in html
    assert "ab12cd34" in html
    assert "alerts.issue.same_person" in html


def test_login_page_when_empty():
    from fengsui.core.ui.gallery import SampleForm

    html = get_template("ui/login.html").render({"form": SampleForm()}, RequestFactory().get("/login/"))
    assert html.count("<label for=") >= 3


def test_assets_when_built_name_the_hashed_files(tmp_path, monkeypatch):
    (tmp_path / "manifest.json").write_text(
        '{"src/map.ts": {"file": "assets/map-1.js", "css": ["assets/map-2.css"], "imports": ["_w.js"]},'
        ' "_w.js": {"file": "assets/w.js", "css": ["assets/w.css"]}}'
    )
    monkeypatch.setattr(assets, "DIST", tmp_path)
    assert assets.files("map") == (["assets/map-2.css", "assets/w.css"], ["assets/map-1.js"])
    assert "dist/assets/map-1.js" in assets.tags("map")
    assert assets.files("chart") == ([], [])


def test_assets_when_not_built_the_page_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(assets, "DIST", tmp_path)
    assert not assets.ready()
    assert "界面文件还没有生成" in get_template("ui/base.html").render({}, RequestFactory().get("/"))

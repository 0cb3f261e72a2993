"""The guides, built once for all tests of this folder."""

import pytest

from fengsui.config.help.build import build
from fengsui.core.help import site


@pytest.fixture(scope="session")
def guides(tmp_path_factory):
    """Folder of the built guides. A warning of the build is a failure: a dead link, a page without a menu."""
    folder = tmp_path_factory.mktemp("var") / "help"
    build(folder, strict=True)
    return folder


@pytest.fixture(scope="session")
def built(guides):
    return site.read(guides / "help.json")


@pytest.fixture
def served(guides, settings):
    settings.FENGSUI_HELP = guides
    return guides

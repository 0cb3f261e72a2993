"""Which proxy a push takes: the environment's, and none for what NO_PROXY names."""

import pytest

from fengsui.engines.outlets.http import proxy_of


@pytest.fixture
def environment(monkeypatch):
    for name in ("http_proxy", "https_proxy", "no_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    proxy_of.cache_clear()
    yield monkeypatch
    proxy_of.cache_clear()


def test_no_proxy_is_taken_when_the_environment_names_none(environment):
    assert proxy_of("https://media.example/push") is None


def test_proxy_of_the_scheme_is_taken_unless_the_host_is_excepted(environment):
    environment.setenv("HTTPS_PROXY", "http://user:word@proxy.example:3128")
    environment.setenv("NO_PROXY", "127.0.0.1,.inner.example")
    assert proxy_of("https://media.example/push") == "http://user:word@proxy.example:3128"
    assert proxy_of("https://a.inner.example:8443/push") is None
    assert proxy_of("http://media.example/push") is None
    assert proxy_of("http://127.0.0.1:9000/push") is None

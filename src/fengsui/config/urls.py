"""Each app brings its own `urls.py`; found by name, mounted at the app's own prefixes."""

from importlib import import_module
from importlib.util import find_spec

from django.apps import apps
from django.urls import URLPattern, URLResolver, include, path

from fengsui.core.api import site
from fengsui.core.web import health

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz, name="healthz"),
    path("metrics", health.metrics, name="metrics"),
]
for app in apps.get_app_configs():
    if app.name.startswith("fengsui.") and app.name != "fengsui.config" and find_spec(f"{app.name}.urls"):
        urlpatterns.append(path("", include(import_module(f"{app.name}.urls"))))
urlpatterns.append(path("api/v1/", site.api().urls))

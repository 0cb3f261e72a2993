from django.apps import AppConfig

from fengsui.core.ui import assets


class CoreConfig(AppConfig):
    name = "fengsui.core"
    label = "core"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        assets.ready()  # before the static files are listed: pages name only files of that list

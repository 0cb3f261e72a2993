from django.apps import AppConfig


class DrillsConfig(AppConfig):
    name = "fengsui.apps.drills"
    label = "drills"

    def ready(self) -> None:
        from fengsui.apps.drills import queries
        from fengsui.core import worlds

        worlds.seated_by(has_part=queries.has_part, is_inside=queries.is_inside)

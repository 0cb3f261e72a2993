from django.apps import AppConfig


class IncidentsConfig(AppConfig):
    name = "fengsui.apps.incidents"
    label = "incidents"

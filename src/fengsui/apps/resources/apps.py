from django.apps import AppConfig


class ResourcesConfig(AppConfig):
    name = "fengsui.apps.resources"
    label = "resources"

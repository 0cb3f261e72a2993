from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "fengsui.apps.desk"
    label = "desk"

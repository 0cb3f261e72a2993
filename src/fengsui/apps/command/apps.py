from django.apps import AppConfig


class CommandConfig(AppConfig):
    name = "fengsui.apps.command"
    label = "command"

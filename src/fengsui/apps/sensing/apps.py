from django.apps import AppConfig


class SensingConfig(AppConfig):
    name = "fengsui.apps.sensing"
    label = "sensing"

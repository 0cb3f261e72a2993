from django.apps import AppConfig


class AlertsConfig(AppConfig):
    name = "fengsui.apps.alerts"
    label = "alerts"
    verbose_name = "预警"

from django.apps import AppConfig


class PlansConfig(AppConfig):
    name = "fengsui.apps.plans"
    label = "plans"

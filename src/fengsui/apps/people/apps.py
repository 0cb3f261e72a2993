from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "fengsui.apps.people"
    label = "people"

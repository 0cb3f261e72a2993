from django.apps import AppConfig


class PlacesConfig(AppConfig):
    name = "fengsui.apps.places"
    label = "places"

from django.apps import AppConfig


class ForecastsConfig(AppConfig):
    name = "fengsui.apps.forecasts"
    label = "forecasts"

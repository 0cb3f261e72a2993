from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    name = "fengsui.apps.reviews"
    label = "reviews"

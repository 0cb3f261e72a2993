from django.urls import path

from fengsui.apps.forecasts import views

app_name = "forecasts"
urlpatterns = [
    path("stations/<str:code>/chart.json", views.chart, name="forecast-chart"),
    path("stations/<str:code>/forecast", views.panel, name="forecast-show"),
]

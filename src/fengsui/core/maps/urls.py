from django.urls import path

from fengsui.core.maps import views

app_name = "maps"
urlpatterns = [
    path("tiles/raster/<slug:name>/<int:z>/<int:x>/<int:y>", views.raster, name="raster-show"),
    path("tiles/<slug:name>/<int:z>/<int:x>/<int:y>.mvt", views.tile, name="tile-show"),
]

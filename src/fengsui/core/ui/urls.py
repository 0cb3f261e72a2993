"""Mounted at the root by the site."""

from django.urls import path

from fengsui.core.ui import gallery, trade_words

app_name = "ui"
urlpatterns = [
    path("terms/", trade_words.page, name="term-list"),
    path("terms/words.<slug:language>.json", trade_words.listed, name="term-words"),
    path("ui/gallery", gallery.page, name="gallery"),
    path("ui/gallery/part", gallery.part, name="gallery-part"),
    path("ui/gallery/data/<slug:name>.json", gallery.data, name="gallery-data"),
    path("ui/gallery/<slug:name>", gallery.page, name="gallery-page"),
]

from django.urls import path

from fengsui.core.ledger.views import imports, lists, rows

app_name = "ledger"
urlpatterns = [
    path("registers/", lists.index, name="register-list"),
    path("registers/imports/<uuid:import_id>/", imports.show, name="import-show"),
    path("registers/imports/<uuid:import_id>/take", imports.take, name="import-take"),
    path("registers/imports/<uuid:import_id>/withdraw", imports.withdraw, name="import-withdraw"),
    path("registers/imports/<uuid:import_id>/faults.xlsx", imports.faults, name="import-faults"),
    path("registers/<slug:name>/", lists.show, name="register-show"),
    path("registers/<slug:name>/map", lists.on_map, name="register-map"),
    path("registers/<slug:name>/list.csv", lists.as_csv, name="register-csv"),
    path("registers/<slug:name>/list.xlsx", lists.as_xlsx, name="register-xlsx"),
    path("registers/<slug:name>/list.json", lists.as_json, name="register-json"),
    path("registers/<slug:name>/layer.geojson", lists.layer, name="register-layer"),
    path("registers/<slug:name>/template.xlsx", lists.template, name="register-template"),
    path("registers/<slug:name>/import", imports.start, name="import-new"),
    path("registers/<slug:name>/new", rows.new, name="row-new"),
    path("registers/<slug:name>/rows/<str:row_id>/", rows.show, name="row-show"),
    path("registers/<slug:name>/rows/<str:row_id>/edit", rows.edit, name="row-edit"),
    path("registers/<slug:name>/rows/<str:row_id>/retire", rows.retire, name="row-retire"),
    path("registers/<slug:name>/rows/<str:row_id>/restore", rows.restore, name="row-restore"),
    path("registers/<slug:name>/rows/<str:row_id>/undo", rows.undo, name="row-undo"),
]

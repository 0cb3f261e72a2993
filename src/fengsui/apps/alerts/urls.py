from django.urls import path

from fengsui.apps.alerts.views import bench, bulletin, feeds, warning

app_name = "alerts"
urlpatterns = [
    path("warnings/", bench.show, name="warning-list"),
    path("warnings/queue", bench.queue_part, name="queue-part"),
    path("warnings/screen", bench.screen_part, name="screen-part"),
    path("warnings/list.csv", bench.export, name="warning-export"),
    path("warnings/new", bench.new, name="warning-new"),
    path("warnings/<uuid:warning_id>/", warning.show, name="warning-show"),
    path("warnings/<uuid:warning_id>/parts/<slug:name>", warning.part, name="warning-part"),
    path("warnings/<uuid:warning_id>/confirm", warning.confirm, name="warning-confirm"),
    path("warnings/<uuid:warning_id>/issue", warning.issue, name="warning-issue"),
    path("warnings/<uuid:warning_id>/reject", warning.reject, name="warning-reject"),
    path("warnings/<uuid:warning_id>/send-back", warning.send_back, name="warning-send-back"),
    path("warnings/<uuid:warning_id>/revise", warning.revise, name="warning-revise"),
    path("warnings/<uuid:warning_id>/keep", warning.keep, name="warning-keep"),
    path("warnings/<uuid:warning_id>/lift", warning.lift, name="warning-lift"),
    path("warnings/<uuid:warning_id>/cancel", warning.cancel, name="warning-cancel"),
    path("bulletins/<uuid:bulletin_id>/", bulletin.show, name="bulletin-show"),
    path("bulletins/<uuid:bulletin_id>/parts/<slug:name>", bulletin.part, name="bulletin-part"),
    path("bulletins/<uuid:bulletin_id>/cap.xml", bulletin.xml, name="bulletin-xml"),
    path("bulletins/<uuid:bulletin_id>/seen", bulletin.seen, name="bulletin-seen"),
    path("deliveries/<uuid:delivery_id>/retry", bulletin.retry, name="delivery-retry"),
    path("deliveries/<uuid:delivery_id>/waive", bulletin.waive, name="delivery-waive"),
    path("calls/<uuid:call_id>/", bulletin.call, name="call-show"),
    path("calls/<uuid:call_id>/acknowledge", bulletin.acknowledge, name="call-acknowledge"),
    path("calls/<uuid:call_id>/pass", bulletin.pass_on, name="call-pass"),
    path("feeds/cap.atom", feeds.atom, name="feed-atom"),
    path("feeds/cap/", feeds.atom, name="feed-index"),
    path("feeds/warnings.geojson", feeds.warnings, name="feed-warnings"),
    path("feeds/cap/<str:identifier>.xml", feeds.cap_file, name="feed-cap"),
]

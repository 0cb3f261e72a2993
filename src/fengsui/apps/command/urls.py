from django.urls import path

from fengsui.apps.command.views import layers, orders, reach, room, tasks, verbs

app_name = "command"
urlpatterns = [
    path("incidents/<uuid:incident_id>/", room.show, name="room-show"),
    path("incidents/<uuid:incident_id>/parts/<slug:name>", room.part, name="room-part"),
    path("incidents/<uuid:incident_id>/respond", room.start, name="response-start"),
    path("incidents/<uuid:incident_id>/draft", room.draft, name="report-draft"),
    path("incidents/<uuid:incident_id>/close-road", room.close_road, name="road-close"),
    path("incidents/<uuid:incident_id>/close", room.close, name="incident-close"),
    path("incidents/<uuid:incident_id>/layers/<slug:name>.geojson", layers.layer, name="room-layer"),
    path("responses/<uuid:response_id>/do/<slug:verb>", room.respond, name="response-act"),
    path("closures/layer.geojson", layers.closures, name="closure-layer"),
    path("closures/<uuid:closure_id>/reopen", room.reopen, name="road-reopen"),
    path("tasks/reach", reach.show, name="reach-show"),
    path("tasks/", tasks.listing, name="task-list"),
    path("tasks/all", tasks.every, name="task-all"),
    path("tasks/<uuid:task_id>/", tasks.show, name="task-show"),
    path("tasks/<uuid:task_id>/do/<slug:verb>", verbs.act, name="task-act"),
    path("tasks/<uuid:task_id>/dispatch", orders.dispatch, name="task-dispatch"),
    path("tasks/<uuid:task_id>/ways.geojson", orders.task_ways, name="task-ways"),
    path("tasks/<uuid:task_id>/teams.geojson", orders.task_teams, name="task-teams"),
    path("orders/<uuid:order_id>/", orders.order, name="order-show"),
    path("orders/<uuid:order_id>/do/<slug:verb>", verbs.order_act, name="order-act"),
    path("photos/<uuid:photo_id>.jpg", tasks.photo, name="photo-show"),
]

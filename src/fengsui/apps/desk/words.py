from django.utils.translation import gettext_noop as mark

from fengsui.core.wording import words

words(
    core__maps__no_layer=(mark("没有这个图层"), mark("从地图的图层表里选")),
    core__maps__no_tile=(mark("没有这张图块"), mark("刷新地图")),
    clock__pause__wrong_state=(mark("这个时限已是“%(state)s”，不能暂停"), mark("刷新看它的现状：可能已由别人办了")),
    clock__resume__wrong_state=(mark("这个时限是“%(state)s”，不在暂停中"), mark("刷新看它的现状：可能已由别人办了")),
    desk__audit__bad_filter=(mark("“%(field)s”写得不对"), mark("时间写成 2026-07-01T08:00，链号和对象照抄页面上的")),
)

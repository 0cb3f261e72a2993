from django.utils.translation import gettext_noop as mark

from fengsui.core.wording import words

words(
    core__maps__no_layer=(mark("没有这个图层"), mark("从地图的图层表里选")),
    core__maps__no_tile=(mark("没有这张图块"), mark("刷新地图")),
    desk__print__paper=(mark("没有这种纸"), mark("选 %(papers)s 之一")),
    desk__print__not_found=(mark("没有这张地图"), mark("排好的地图只留一天，只给要的人：回到地图再打一次")),
    clock__pause__wrong_state=(mark("这个时限已是“%(state)s”，不能暂停"), mark("刷新看它的现状：可能已由别人办了")),
    clock__resume__wrong_state=(mark("这个时限是“%(state)s”，不在暂停中"), mark("刷新看它的现状：可能已由别人办了")),
    district__setup__closed=(
        mark("没有这一页：本区已建好"),
        mark("以后的改动到台账里做，或用 ./fengsui district take"),
    ),
    district__setup__no_step=(mark("没有这一步"), mark("回到建区页")),
    district__setup__no_sheet=(mark("没有这张表"), mark("回到建区页下载")),
    district__setup__nothing_given=(mark("没有选文件"), mark("选好文件再上传")),
    district__setup__not_there=(mark("待取目录里没有“%(name)s”"), mark("刷新本页，从列出的文件里选")),
    district__setup__wrong_kind=(mark("“%(name)s”不是这一步收的文件"), mark("这一步收 %(kinds)s")),
    district__setup__nothing_tried=(mark("没有待收的文件"), mark("先上传并检查")),
    district__setup__faulty=(mark("还有 %(wrong)s 处要改，什么都没有写"), mark("按列出的改好，重新上传")),
    district__setup__moved=(mark("检查之后目录又变了，什么都没有写"), mark("看一遍新的检查结果，再按一次")),
    district__setup__edited=(mark("%(files)s 有人手工改过"), mark("看清会盖掉什么；确要盖掉就勾选后再按")),
    district__setup__not_writable=(mark("不能写 %(folder)s"), mark("请把这个目录的所有权给运行本平台的用户")),
    district__setup__running=(mark("上一步还在装入"), mark("等它完成再按；进度在本页上方")),
    desk__series__wrong_order=(mark("止时不在起时之后"), mark("把“到”改到“从”之后")),
    desk__series__too_long=(mark("时段超过 %(days)s 天"), mark("把“从”往后移，或分几段看")),
    desk__series__too_many_rows=(
        mark("时段内有 %(count)s 个读数，一份表最多写 %(most)s 行"),
        mark("缩短时段或少选几路，或改取抽稀的表"),
    ),
    desk__audit__bad_filter=(mark("“%(field)s”写得不对"), mark("链号照抄页面上的，32 位")),
)

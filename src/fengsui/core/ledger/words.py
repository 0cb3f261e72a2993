"""What is wrong with a cell, a row or a file, and how to mend it, in words."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as mark

from fengsui.core import wording
from fengsui.core.ledger.check import Fault
from fengsui.core.ledger.register import Register
from fengsui.kernel.errors import FengsuiError

wording.words(
    core__ledger__required=(mark("没有填"), mark("这一列必须填")),
    core__ledger__needed_for_new=(mark("新增的行缺这一列"), mark("补上这一列，或只留已在册的行")),
    core__ledger__formula_error=(mark("公式出错（%(text)s）"), mark("改成值")),
    core__ledger__too_long=(mark("太长"), mark("最多 %(most)s 个字")),
    core__ledger__long_number=(
        mark("长编号变成了科学计数（%(text)s），末几位已经丢失"),
        mark("把这一列设成文本格式，重新填完整的编号"),
    ),
    core__ledger__not_number=(mark("“%(text)s”不是数字"), mark("只填数字，单位写在表头")),
    core__ledger__not_whole=(mark("“%(text)s”不是整数"), mark("填整数")),
    core__ledger__out_of_range=(mark("%(text)s 超出范围"), mark("应在 %(least)s 与 %(most)s 之间")),
    core__ledger__not_date=(mark("“%(text)s”不是日期"), mark("写成 2026-07-28 这样")),
    core__ledger__not_yes_no=(mark("“%(text)s”看不出是或否"), mark("填“是”或“否”")),
    core__ledger__not_phone=(mark("不是电话号码"), mark("只填数字，可带区号与分机")),
    core__ledger__masked=(mark("新增的人不能用遮盖的号码"), mark("填完整的号码")),
    core__ledger__not_allowed=(mark("“%(text)s”不在可填的值里"), mark("可填：%(allowed)s")),
    core__ledger__unknown_code=(mark("“%(text)s”不在册"), mark("先在所属台账里登记，或改成已有的编号或全称")),
    core__ledger__named_twice=(mark("“%(text)s”写了两次"), mark("只留一次")),
    core__ledger__not_degrees=(mark("“%(text)s”不是经纬度"), mark("填度，如 123.3629，或 123°21′46″")),
    core__ledger__axis_swapped=(mark("经度与纬度填反了（%(text)s）"), mark("把两列对调")),
    core__ledger__axis_range=(mark("%(text)s 不在中国境内"), mark("核对经纬度")),
    core__ledger__axis_globe=(mark("%(text)s 不是经纬度"), mark("填十进制度：经度 -180 到 180，纬度 -90 到 90")),
    core__ledger__half_position=(mark("经度与纬度缺一个"), mark("两个都填，或都不填")),
    core__ledger__far_away=(mark("离本区 %(km)s 公里"), mark("核对经纬度，度分秒不要当成小数填")),
    core__ledger__ambiguous=(mark("册上有几行都是这个"), mark("到页面上逐行改")),
    core__ledger__which_one=(
        mark("册上有几个同名的，看不出是哪一个"),
        mark("加一列“%(column)s”并填上；还没有的，先到页面上填"),
    ),
    core__ledger__twice=(mark("表里有几行都是这个，而内容不同（另见第 %(rows)s 行）"), mark("只留一行对的")),
    core__ledger__elsewhere=(mark("已被你管辖以外的一行占用"), mark("换一个编号，或请有权的岗位改")),
    core__ledger__in_use=(mark("已被另一行占用"), mark("换一个，或去改那一行")),
    core__ledger__not_ladder=(
        mark("“%(text)s”看不出分级"),
        mark("写成 关注 0.05 蓝 0.1 黄 0.15 橙 0.25 红 0.4，由小到大"),
    ),
    core__ledger__not_line=(mark("“%(text)s”不是一条线"), mark("写成 经度 纬度; 经度 纬度，至少两点")),
    core__ledger__file_empty=(mark("没有文件，或文件是空的"), mark("选一份填好的表")),
    core__ledger__file_large=(mark("文件太大"), mark("最多 %(most)s 兆；分成几份")),
    core__ledger__file_long=(mark("行数太多"), mark("最多 %(most)s 行；分成几份")),
    core__ledger__file_locked=(mark("文件有打开密码"), mark("去掉密码另存后再传")),
    core__ledger__file_bomb=(
        mark("这份文件展开后过大（约 %(size)s 兆）"),
        mark("删去空白的行列和图片，另存为 .xlsx 再传"),
    ),
    core__ledger__file_macros=(mark("这份文件带宏，不收"), mark("另存为不带宏的 .xlsx 再传")),
    core__ledger__file_entities=(
        mark("这份文件里有表格不会有的内容（XML 实体），不收"),
        mark("用表格软件另存为 .xlsx 再传"),
    ),
    core__ledger__file_unreadable=(mark("打不开这份文件"), mark("另存为 .xlsx 或 .csv 后再传")),
    core__ledger__file_gone=(mark("这份表已不在"), mark("重新上传")),
    core__ledger__no_header=(mark("找不到表头"), mark("表头要有“%(wanted)s”；可下载空表照填")),
    core__ledger__column_missing=(mark("缺“%(column)s”这一列"), mark("补上这一列；可下载空表照填")),
    core__ledger__unit_unknown=(mark("“%(column)s”表头的单位不认识"), mark("用 %(unit)s")),
    core__ledger__exercise=(mark("演练里不能改台账"), mark("各世界共用这份台账；回到实战再改")),
    core__ledger__outside=(mark("改动会让有的行离开你的管辖"), mark("请有权的岗位办理")),
    core__ledger__collides=(mark("别人刚写了同一编号"), mark("刷新后再试")),
    core__ledger__not_checked=(mark("这份表不在可接收的状态"), mark("看它的现状，必要时重新上传")),
    core__ledger__wrong_rows=(mark("有 %(wrong)s 行有错"), mark("改好再传，或选“只收没错的行”")),
    core__ledger__nothing_chosen=(mark("没有可接收的行"), mark("至少选新增或变动中的一类")),
    core__ledger__no_import=(mark("没有这份导入"), mark("回到台账重新上传")),
    core__ledger__no_row=(mark("没有这一行，或不在你的管辖内"), mark("从列表重新打开")),
    core__ledger__no_cards=(mark("“%(register)s”没有卡片"), mark("打印整张表，或导出")),
    core__ledger__no_register=(mark("没有这个台账"), mark("回到台账目录")),
    core__ledger__no_column=(mark("这个台账没有“%(column)s”这一列，或不能这样用"), mark("列名见台账的 schema")),
    core__ledger__conflict=(mark("你打开之后别人改了这一行"), mark("看两边的不同，再决定用哪个")),
    core__ledger__faulty=(mark("填写的内容不能用"), mark("按栏目旁的提示改正")),
    core__ledger__form_old=(mark("这张表单太旧"), mark("重新打开再改")),
    core__ledger__needs_reason=(mark("停用要写理由"), mark("写明为何不再用")),
    core__ledger__still_used=(mark("还在用：%(what)s"), mark("先把这些办结、移交或停用，再停用它")),
    core__ledger__another_in_use=(mark("已有另一行在用，两行不能并存"), mark("先停用那一行")),
    core__ledger__retired_ref=(mark("“%(text)s”已停用，不能再选"), mark("改选在用的，或先恢复使用")),
    core__ledger__already_so=(mark("已经是这样了"), mark("刷新看现状")),
    core__ledger__no_retiring=(mark("这个台账没有停用"), mark("请到它自己的页面办理")),
    core__ledger__nothing_to_undo=(mark("没有可撤销的改动"), mark("只能撤销最近一次、其后没有再变的改动")),
    core__ledger__paste_empty=(mark("没有粘贴内容"), mark("在表格软件里选中几格复制，再贴到这里")),
    core__ledger__no_view=(mark("没有这个视图，或不是你的"), mark("从视图一栏重新选")),
    core__ledger__view_name=(mark("视图没有名称"), mark("起一个一看就懂的名称")),
    core__ledger__view_many=(mark("你在这个台账里的视图太多"), mark("最多 %(most)s 个；先删几个不用的")),
    core__ledger__no_deed=(mark("这份清单上你不能批量办这件事"), mark("打开那一条单独办，或请有权的岗位办")),
    core__ledger__none_ticked=(mark("一条也没选，或选的已不在你看得到的范围"), mark("回到清单先打勾")),
    core__ledger__deed_needs_reason=(mark("这件事要写理由"), mark("写一句，会记在每一条里")),
    core__ledger__no_step=(mark("没有这一步，或不是你办的"), mark("回到台账看现状")),
    core__ledger__step_over=(mark("这一步已经办过或作废"), mark("看它的现状；要再办就重新选")),
    core__ledger__circle=(mark("上级关系成了圈"), mark("改正“上级”一列")),
)


def sentence(register: Register, fault: Fault) -> str:
    """`人数：“三十”不是数字。只填数字，单位写在表头`"""
    said = wording.say(FengsuiError(fault.code, **fault.facts))
    column = register.by_code.get(fault.column)
    return (
        _("%(column)s：%(what)s，%(todo)s")
        % {
            "column": str(column.label) if column else "",
            "what": said.what,
            "todo": said.todo,
        }
        if column
        else f"{said.what}，{said.todo}"
    )

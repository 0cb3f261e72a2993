"""The only place where a coded error becomes words: what happened, why, what to do."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as mark

from fengsui.kernel.errors import FengsuiError
from fengsui.kernel.terms import Term


@dataclass(frozen=True, slots=True)
class Said:
    what: str
    todo: str
    code: str

    @property
    def line(self) -> str:
        """Both sentences on one line, with the full stop of the reader's language between them."""
        return _("%(what)s。%(todo)s") % {"what": self.what, "todo": self.todo}


_words: dict[str, tuple[str, str]] = {}


def words(**by_code: tuple[str, str]) -> None:
    """Register sentences; dots in codes are written as double underscores. Facts fill `%(name)s`."""
    for code, pair in by_code.items():
        _words[code.replace("__", ".")] = pair


words(
    core__policy__forbidden=(mark("你的岗位不能办这件事"), mark("请有权的岗位办理，或请安全管理员调整权限")),
    core__gate__exercise=(mark("演练中的内容不能发往对外渠道"), mark("演练只在演练内流转；实发请回到实战")),
    core__gate__exercise_over=(mark("这次演练已经结束"), mark("演练结束后什么都不再发出；实发请回到实战")),
    core__gate__not_in_exercise=(mark("这个人不在演练中"), mark("演练只叫应参演的人；需要他就先请导演加入名单")),
    core__world__other_page=(
        mark("没有办：这一页属于另一个世界，您现在在“%(here)s”"),
        mark("先看清本页顶上写的是实战还是演练，再从列表重新打开要办的事"),
    ),
    core__world__read_only=(
        mark("没有办：演练“%(here)s”已经结束，这里只能回看"),
        mark("复盘的评估、报告和整改可以写；别的请回到实战再办"),
    ),
    core__seen__changed=(
        mark("没有存：你打开以后别人改过"),
        mark("两边都在下面，逐项选用哪一个，再存一次"),
    ),
    core__request__too_long=(mark("有一处文字太长，没有存"), mark("返回上一页缩短它再交")),
    core__once__other_content=(
        mark("没有再办：这一步先前已经收到，内容是改动之前的"),
        mark("回到它的页面看已办成什么；还要补充就另报一条"),
    ),
    core__clock__live_world_goes_on=(mark("实战的时限不能一并取消"), mark("逐件办结或取消")),
    core__clock__not_found=(mark("没有这个时限"), mark("回到时限列表，看它是否已经办结")),
    core__job__not_found=(mark("没有等待处置的这项作业"), mark("刷新本页：可能已由别人重做或作废")),
    core__job__needs_reason=(mark("作废要写理由"), mark("写明它该做的事已怎样办了，或为何不必办")),
    core__clock__pause_needs_reason=(mark("暂停要写理由"), mark("写明为何暂停、等谁")),
)

_BY_STATUS = {
    403: (mark("你的岗位不能办这件事"), mark("请有权的岗位办理")),
    404: (mark("没有找到，或你无权知道它是否存在"), mark("检查地址，或从列表重新打开")),
    409: (mark("现在不能这样办"), mark("刷新本页看它的现状：可能已由别人办了")),
    422: (mark("填写的内容不能用"), mark("按字段旁的提示改正后再交")),
}


def say(error: FengsuiError) -> Said:
    """Words for a coded error; one without its own sentence falls back to its kind's."""
    fallback = (mark("出了问题，已记录"), mark("把编号告诉系统管理员"))
    what, todo = _words.get(error.code) or _BY_STATUS.get(error.status, fallback)
    english = (get_language() or "").startswith("en")
    facts = {key: value.en if english and isinstance(value, Term) else str(value) for key, value in error.facts.items()}
    try:
        return Said(_(what) % facts, _(todo) % facts, error.code)
    except KeyError:
        return Said(_(what), _(todo), error.code)

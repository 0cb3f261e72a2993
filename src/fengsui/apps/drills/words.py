from django.utils.translation import gettext_noop as mark

from fengsui.core.wording import words

REFRESH = mark("刷新看它的现状")

words(
    drills__not_found=(mark("没有这次演练，或您不在其中"), mark("从演练列表重新打开")),
    drills__plan__no_name=(mark("演练还没有名称"), mark("写一个参演的人一看就明白的名称")),
    drills__plan__speed=(mark("倍速要在 %(low)s 到 %(high)s 之间"), mark("改一个倍速")),
    drills__plan__window=(mark("到的时刻要晚于从的时刻"), mark("改正情景的起止")),
    drills__plan__nobody=(mark("还没有参演岗位"), mark("至少选一个岗位")),
    drills__scenario__unknown=(mark("没有这个序列"), mark("从列表中选一个")),
    drills__scenario__empty=(mark("这一段里没有读数"), mark("整个序列有 %(hours)s 小时，改正起止")),
    drills__reason__missing=(mark("要写理由"), mark("写一句为何")),
    drills__typed__other=(mark("没有照写演练名称"), mark("在框内写“%(name)s”")),
    drills__join__no_part=(mark("您的岗位不在这次演练中"), mark("需要参演就请导演把岗位列入下一次")),
    drills__look__not_over=(mark("演练还没有结束，不能回看"), mark("进行中的请进入，没开始的等它开始")),
    exercise__start__wrong_state=(mark("演练%(state)s，不能开始"), REFRESH),
    exercise__join__wrong_state=(mark("演练%(state)s，只有进行中才能进入"), REFRESH),
    exercise__end__wrong_state=(mark("演练%(state)s，没有可结束的"), REFRESH),
    exercise__drop__wrong_state=(mark("演练%(state)s，只有没开始的策划才能撤销"), REFRESH),
    alerts__stop__live=(mark("实战的预警不能一并了结"), mark("逐条解除或不发布")),
    incidents__stop__live=(mark("实战的事件不能随演练结束"), mark("终报后归档")),
    incident__stop__wrong_state=(mark("事件是%(state)s，不能随演练结束"), REFRESH),
    sensing__doubles__live=(mark("实战的测站没有副本"), mark("只有演练有自己的测站")),
)

from django.utils.translation import gettext_noop as mark

from fengsui.core.wording import words

words(
    forecasts__flood__not_found=(mark("没有这次推演"), mark("从推演列表重新打开")),
    forecasts__flood__nowhere=(mark("没有地点"), mark("给一个点位，或给经度和纬度")),
    forecasts__flood__formula=(mark("没有这个暴雨强度公式"), mark("现有：%(known)s")),
    forecasts__flood__too_many=(mark("已有 %(most)s 次推演在排队或在算"), mark("等一次算完，或停掉一次再来")),
    forecasts__flood__width=(mark("没有这样的范围"), mark("从列出的边长里选一个")),
    forecasts__flood__cell=(mark("没有这样的网格"), mark("从列出的网格里选一个")),
    forecasts__flood__no_formula=(
        mark("这个区没有暴雨强度公式，铺不出示意管网"),
        mark("选“不算管网”，或请系统管理员在区的水文文件里填公式"),
    ),
    forecasts__flood__sewers=(mark("示意管网的年数不对"), mark("填 0、1、2、3 或 5 年一遇，0 为不算管网")),
    forecasts__flood__pumps=(mark("泵站开机的份额不对"), mark("填 0 到 1")),
    forecasts__flood__gates=(mark("闸门不是开就是关"), mark("填 open 或 shut")),
    forecasts__flood__no_gates=(mark("不算管网就没有闸门可关"), mark("先选一种示意管网")),
    forecasts__flood__standing=(mark("起始积水深度不对"), mark("填 0 到 %(most)s 米")),
    forecasts__flood__drained=(mark("排水能力不对"), mark("填 0 到 200 毫米每小时")),
    forecasts__scenarios__not_found=(mark("没有这个情景库"), mark("从情景库列表重新打开")),
    forecasts__scenarios__no_scenario=(mark("没有这个情景"), mark("从情景库的表里选")),
    forecasts__scenarios__not_between=(mark("这里不内插"), mark("看最近的情景，或推演这一次")),
    forecasts__scenarios__empty_axis=(mark("这一项一个值也没有选"), mark("至少选一个")),
    forecasts__scenarios__twice=(mark("同一个值写了两次"), mark("每个值写一次")),
    forecasts__scenarios__count=(
        mark("选出来是 %(count)s 个情景，要 %(least)s 到 %(most)s 个"),
        mark("各项少选或多选几个值"),
    ),
    forecasts__scenarios__too_many=(mark("已有 %(most)s 个情景库在排队或在算"), mark("等一个算完，或暂停一个再来")),
    forecasts__scenarios__complete=(mark("全部情景都已算完"), mark("要别的情景，另建一个情景库")),
    scenario_library__pause__wrong_state=(mark("情景库“%(state)s”，不能暂停"), mark("看结果")),
    scenario_library__resume__wrong_state=(mark("情景库“%(state)s”，不能接着算"), mark("等它算完，或另建一个")),
    scenario_library__retire__wrong_state=(mark("情景库“%(state)s”，不能再废弃"), mark("从列表另选一个")),
    floods__ensemble__unreachable=(
        mark("集合计算的地址连不上：%(why)s"),
        mark("请系统管理员查 FENGSUI_DASK，之后按“接着算”"),
    ),
    flood__stop__wrong_state=(mark("这次推演“%(state)s”，不能再停"), mark("看结果，或另推演一次")),
    floods__run__stopped=(mark("推演已停止"), mark("需要时另推演一次")),
    floods__run__refused=(mark("没有算成：%(why)s"), mark("改一改所问再推演")),
)

"""城市内涝: standing water on roads and in underpasses. The ladder is a default; only 25 cm is local practice."""

from fengsui.catalog.hazards.contract import Figures, Hazard, Step, Text
from fengsui.kernel.levels import Level
from fengsui.kernel.terms import Term

ENTRY = Hazard(
    code="waterlogging",
    term=Term("waterlogging", "内涝", "waterlogging", "国家预警信息类型代码 11A02", "V"),
    event_code="11A02",
    symbol="A10100",
    category="Met",
    quantity=Term("depth", "积水深度", "water depth"),
    unit="m",
    figures=Figures(
        100.0,
        0,
        Text("厘米", "cm"),
        rise=Text("，每小时上涨约{rate}厘米", ", rising about {rate} cm an hour"),
    ),
    sensors=("water_depth",),
    watch=0.05,
    ladder={Level.BLUE: 0.10, Level.YELLOW: 0.15, Level.ORANGE: 0.25, Level.RED: 0.40},
    ladder_basis={
        Level.BLUE: ("G", "10 cm 布泵布人，非标准"),
        Level.YELLOW: ("G", "15 cm，GB 51222-2017 至少一条车道积水不超过 15 cm"),
        Level.ORANGE: ("V", "25 cm 封路，沈阳 2015-07 交警做法"),
        Level.RED: ("G", "40 cm 撤离救援；北京下穿桥 27 cm 红线为另一口径"),
    },
    steps={
        Level.BLUE: Step(
            Level.BLUE,
            Text("布泵布人，专人看守", "pumps and staff at the point"),
            Text(
                "该处已有积水，请减速慢行，行人注意路缘和井盖，不要在低洼处停车。",
                "There is water on the road. Drive slowly, mind kerbs and manhole covers, do not park in low places.",
            ),
            ("Monitor", "Prepare"),
            "Expected",
        ),
        Level.YELLOW: Step(
            Level.YELLOW,
            Text("引导通行，通知沿线", "guide traffic, tell those along the road"),
            Text(
                "积水较深，请听从现场引导或提前绕行；小型车辆不要冒险涉水，沿街商铺和地下空间请落好挡水板。",
                "The water is deep. Follow the guides or take another way; small cars must not drive through. "
                "Shops and underground places put up their flood boards.",
            ),
            ("Avoid", "Prepare"),
            "Expected",
        ),
        Level.ORANGE: Step(
            Level.ORANGE,
            Text("封闭道路或通道", "close the road or underpass"),
            Text(
                "该处已封闭，请勿进入，按绕行方案通行；车辆熄火立即弃车到高处；地下空间人员请撤到地面。",
                "The place is closed. Do not enter, take the detour. If your engine stops, leave the car at once "
                "and go to higher ground. Leave underground places.",
            ),
            ("Avoid", "Evacuate"),
            "Immediate",
        ),
        Level.RED: Step(
            Level.RED,
            Text("撤离、救援", "evacuate and rescue"),
            Text(
                "该处积水危及生命，严禁任何人员车辆进入；低洼房屋和地下空间人员立即撤离到高处或避难场所；"
                "被困请拨打119、110求救，远离电线和带电设施。",
                "The water here is a danger to life. Nobody may enter. Leave low houses and underground places now for "
                "higher ground or a shelter. If trapped call 119 or 110. Keep away from power lines and electric "
                "equipment.",
            ),
            ("Evacuate", "Shelter"),
            "Immediate",
        ),
    },
    attention=Text("关注：安排巡查", "Attention: send a patrol"),
    describe=Text(
        "{at}，{place}实测积水深度{value}厘米，达到{level}预警线（{line}厘米）。",
        "At {at} the measured water depth at {place} was {value} cm and reached the {level} line ({line} cm).",
    ),
    describe_forecast=Text(
        "{at}，{place}实测积水深度{value}厘米，按当前趋势预计{lead}分钟内达到{level}预警线（{line}厘米）。",
        "At {at} the measured water depth at {place} was {value} cm; on the present trend it is expected to reach the "
        "{level} line ({line} cm) within {lead} minutes.",
    ),
    all_clear=Text(
        "{place}积水已退，预警解除。道路恢复通行以现场交警放行为准，请留意路面淤泥和井盖。",
        "The water at {place} has gone and the warning is lifted. The road is open once the traffic police let you "
        "pass. Mind mud and manhole covers.",
    ),
    around=Text("{place}及周边低洼路段", "{place} and low roads around it"),
    conditions=(
        Term("warning", "预警级别与点位数", "warning level and number of points"),
        Term("rain_mm", "时段降雨量", "rain in a window", "气象灾害预警信号（暴雨）", "V"),
    ),
    source="积水分级为默认值，逐点可改；25 cm 封路据沈阳 2015-07 做法",
)

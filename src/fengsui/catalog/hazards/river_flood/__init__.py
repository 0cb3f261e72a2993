"""河道洪水: a river near or above its warning stage. No general ladder exists; a station must bring its own lines."""

from fengsui.catalog.hazards.contract import Figures, Hazard, Step, Text
from fengsui.kernel.levels import Level
from fengsui.kernel.terms import Term

ENTRY = Hazard(
    code="river_flood",
    term=Term("river_flood", "洪水", "river flood", "国家预警信息类型代码 11A01", "V"),
    event_code="11A01",
    symbol="A10100",
    category="Met",
    quantity=Term("stage", "水位", "stage"),
    unit="m",
    figures=Figures(1.0, 2, Text("米", "m"), rise=Text("，每小时上涨约{rate}米", ", rising about {rate} m an hour")),
    sensors=("river_stage",),
    watch=None,
    ladder={},
    ladder_basis={},
    steps={
        Level.BLUE: Step(
            Level.BLUE,
            Text("接近警戒水位，巡堤查险", "near the warning stage: patrol the levees"),
            Text(
                "河道水位上涨，请离开滩地、亲水平台，不要下河游泳、垂钓。",
                "The river rises. Leave the flood plain and the waterside; do not swim or fish.",
            ),
            ("Monitor", "Avoid"),
            "Expected",
        ),
        Level.YELLOW: Step(
            Level.YELLOW,
            Text("达到警戒水位，加密巡查", "at the warning stage: patrol more often"),
            Text(
                "河道达到警戒水位，沿河低洼处居民做好转移准备，留意社区通知。",
                "The river has reached its warning stage. Residents of low places by the river prepare to move and "
                "listen to their community.",
            ),
            ("Prepare", "Avoid"),
            "Expected",
        ),
        Level.ORANGE: Step(
            Level.ORANGE,
            Text("接近保证水位，转移危险区人员", "near the design stage: move people at risk"),
            Text(
                "河道接近保证水位，危险区人员按社区通知立即转移，桥梁和沿河道路服从管制。",
                "The river is near its design stage. People in the danger area move now as told; obey closures of "
                "bridges and riverside roads.",
            ),
            ("Evacuate", "Avoid"),
            "Immediate",
        ),
        Level.RED: Step(
            Level.RED,
            Text("达到或超过保证水位，全力抢险", "at or above the design stage: all forces"),
            Text(
                "河道超过保证水位，堤防随时可能出险，危险区人员必须撤离，被困请拨打119、110求救。",
                "The river is above its design stage and levees may fail. Everybody must leave the danger area. "
                "If trapped call 119 or 110.",
            ),
            ("Evacuate", "Shelter"),
            "Immediate",
        ),
    },
    attention=Text("关注：水位上涨", "Attention: rising stage"),
    describe=Text(
        "{at}，{place}实测水位{value}米，达到{level}预警线（{line}米）。",
        "At {at} the measured stage at {place} was {value} m and reached the {level} line ({line} m).",
    ),
    describe_forecast=Text(
        "{at}，{place}实测水位{value}米，按当前趋势预计{lead}分钟内达到{level}预警线（{line}米）。",
        "At {at} the measured stage at {place} was {value} m; on the present trend it is expected to reach the "
        "{level} line ({line} m) within {lead} minutes.",
    ),
    all_clear=Text(
        "{place}水位已回落，预警解除。请勿靠近松软岸坡。",
        "The stage at {place} has fallen and the warning is lifted. Keep away from soft banks.",
    ),
    around=Text("{place}沿河低洼处", "low ground along the river at {place}"),
    conditions=(Term("warning", "预警级别与断面数", "warning level and number of gauges"),),
    source="设防、警戒、保证水位由水利部门确定；本区未查到公开数值",
)

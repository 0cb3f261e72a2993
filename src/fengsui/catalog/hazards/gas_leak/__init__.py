"""危险化学品泄漏: combustible gas in the air of a works or a street. Beyond the fence it is the district's to warn."""

from fengsui.catalog.hazards.contract import Figures, Hazard, Step, Text
from fengsui.kernel.levels import Level
from fengsui.kernel.terms import Term

ENTRY = Hazard(
    code="gas_leak",
    term=Term("gas_leak", "可燃气体泄漏", "combustible gas leak", "国家预警信息类型代码 12D02", "V"),
    event_code="12D02",
    symbol="",
    category="CBRNE",
    quantity=Term("gas_share", "可燃气体浓度", "share of combustible gas", "GB/T 50493-2019", "G"),
    unit="%LEL",
    figures=Figures(1.0, 0, Text("%LEL", "%LEL")),
    sensors=("combustible_gas",),
    watch=None,
    ladder={Level.BLUE: 15.0, Level.YELLOW: 25.0, Level.ORANGE: 50.0, Level.RED: 80.0},
    ladder_basis={
        Level.BLUE: ("U", "15 %LEL 现场核查，本地约定"),
        Level.YELLOW: ("G", "25 %LEL 为一级报警（低限），GB/T 50493-2019"),
        Level.ORANGE: ("G", "50 %LEL 为二级报警（高限），GB/T 50493-2019"),
        Level.RED: ("U", "80 %LEL 接近爆炸下限，本地约定"),
    },
    steps={
        Level.BLUE: Step(
            Level.BLUE,
            Text("现场核查，查找来源", "check on site, find the source"),
            Text(
                "附近有可燃气体气味，正在核查，请不要使用明火。",
                "Combustible gas has been noticed and is being checked. Do not use open fire.",
            ),
            ("Monitor", "Avoid"),
            "Expected",
        ),
        Level.YELLOW: Step(
            Level.YELLOW,
            Text("停止动火，关阀，控制人员进入", "stop hot work, close valves, keep people out"),
            Text(
                "附近有可燃气体泄漏，请不要使用明火，不要开关电器，车辆熄火，离开下风向和低洼处。",
                "Combustible gas is leaking. No open fire, no electric switches, stop engines. Leave low ground and "
                "places downwind.",
            ),
            ("Avoid", "Prepare"),
            "Expected",
        ),
        Level.ORANGE: Step(
            Level.ORANGE,
            Text("封控并疏散下风向人员", "close off and clear the places downwind"),
            Text(
                "附近可燃气体浓度很高，请立即沿侧风向离开，不要使用手机、明火和电器，听从现场人员指挥。",
                "The share of combustible gas is high. Leave now across the wind. No telephones, open fire or electric "
                "switches. Do as you are told on site.",
            ),
            ("Evacuate", "Avoid"),
            "Immediate",
        ),
        Level.RED: Step(
            Level.RED,
            Text("随时可能爆炸，全部撤离", "explosion possible at any moment: clear everything"),
            Text(
                "附近随时可能爆炸，所有人员立即撤离到安全区域，不要返回，被困请在上风向处拨打119、110求救。",
                "An explosion is possible at any moment. Everybody must leave for a safe place and not return. "
                "If trapped call 119 or 110 from a place upwind.",
            ),
            ("Evacuate",),
            "Immediate",
        ),
    },
    attention=Text("关注：核查来源", "Attention: find the source"),
    describe=Text(
        "{at}，{place}实测可燃气体浓度{value}%LEL，达到{level}预警线（{line}%LEL）。",
        "At {at} the measured share of combustible gas at {place} was {value} %LEL and reached the {level} line "
        "({line} %LEL).",
    ),
    describe_forecast=Text(
        "{at}，{place}实测可燃气体浓度{value}%LEL，按当前趋势预计{lead}分钟内达到{level}预警线（{line}%LEL）。",
        "At {at} the measured share of combustible gas at {place} was {value} %LEL; on the present trend it is "
        "expected to reach the {level} line ({line} %LEL) within {lead} minutes.",
    ),
    all_clear=Text(
        "{place}可燃气体已消散，预警解除。回家后请先开窗通风，再开关电器。",
        "The gas at {place} is gone and the warning is lifted. At home open the windows first, then use switches.",
    ),
    around=Text("{place}及下风向区域", "{place} and places downwind"),
    conditions=(Term("warning", "预警级别与点位数", "warning level and number of places"),),
    source="两条报警线据 GB/T 50493-2019 转述，未核原文；另两条与避险用语为自拟",
)

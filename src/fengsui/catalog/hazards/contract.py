"""What a kind of hazard declares: its codes, CAP words, the meaning of each level and the words for people.

CAP 1.2 values are those of the OASIS standard; colours and headline form as 突发事件应对法 (2024) Art. 63-64
and the national message samples. Texts are our own wording and part of the data, hence in both languages here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fengsui.kernel.levels import Level
from fengsui.kernel.terms import Basis, Term

CAP_CATEGORIES = frozenset(
    "Geo Met Safety Security Rescue Fire Health Env Transport Infra CBRNE Other".split()  # noqa: SIM905 - one line of words reads better
)
CAP_RESPONSES = frozenset(
    {"Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None"}
)
CAP_URGENCIES = frozenset({"Immediate", "Expected", "Future", "Past", "Unknown"})
CAP_CERTAINTIES = frozenset({"Observed", "Likely", "Possible", "Unlikely", "Unknown"})

ENGLISH_LEVEL = {
    Level.BLUE: "Blue (Level IV, minor)",
    Level.YELLOW: "Yellow (Level III, moderate)",
    Level.ORANGE: "Orange (Level II, severe)",
    Level.RED: "Red (Level I, extreme)",
}

# 突发事件应对法 (2024) Art. 66 (yellow, blue) and 67 (orange, red: the former and one or more of these), own wording.


@dataclass(frozen=True, slots=True)
class Text:
    """The same words in both languages; `{name}` are places to fill."""

    zh: str
    en: str

    def fill(self, **facts: object) -> Text:
        return Text(self.zh.format(**facts), self.en.format(**facts))


@dataclass(frozen=True, slots=True)
class Figures:
    """How the texts give the quantity: stored value * factor with so many decimals, and the unit in words.

    rise: `{rate}` an hour, said where the speed decided; both '' where nothing of the kind rises.
    """

    factor: float
    decimals: int
    unit: Text
    rise: Text = Text("", "")

    def say(self, value: float) -> str:
        return f"{value * self.factor:.{self.decimals}f}"


MEASURES_LOW = (
    Text("启动预案，开通信息报告渠道，加强监测", "Start the plan, open the reporting channels, watch more closely"),
    Text("部门与专家随时会商研判", "Departments and experts assess continuously"),
    Text("按时发布预测信息", "Publish forecasts on schedule"),
    Text("公布避险常识和咨询电话", "Publish advice and the telephone number for questions"),
)
MEASURES_HIGH = (
    Text("应急队伍待命，动员后备人员", "Teams stand by, reserves are called"),
    Text("调集物资装备，备好避难场所", "Bring supplies and equipment together, make shelters ready"),
    Text("加强重点单位和要害部位值守", "Guard key sites"),
    Text("保障交通、通信、供水、供电等运行", "Keep transport, communication, water and power running"),
    Text("转移、疏散并安置受威胁人员和重要财产", "Move and settle people at risk and valuable property"),
    Text("关闭或限制使用受危害场所，控制聚集活动", "Close or restrict exposed places and gatherings"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One level of the hazard: what it means, what the public is told, and its CAP words."""

    level: Level
    meaning: Text
    instruction: Text
    responses: tuple[str, ...]
    urgency: str


@dataclass(frozen=True, slots=True)
class Hazard:
    """`ladder`: default lines in `unit` (empty where no general ones exist); a place may have its own.

    `watch` is the line of attention below the first colour. `conditions` are the words a plan may use to start.
    Texts fill `{at}` `{place}` `{level}` and, as `figures` give them, `{value}` `{line}`. `around`: what is covered.
    """

    code: str
    term: Term
    event_code: str
    symbol: str
    category: str
    quantity: Term
    unit: str
    figures: Figures
    sensors: tuple[str, ...]
    watch: float | None
    ladder: Mapping[Level, float]
    ladder_basis: Mapping[Level, tuple[Basis, str]]
    steps: Mapping[Level, Step]
    attention: Text
    describe: Text
    describe_forecast: Text
    all_clear: Text
    around: Text
    conditions: tuple[Term, ...]
    source: str = ""

    def headline(self, issuer: str, issuer_en: str, level: Level) -> Text:
        """<发布单位>发布<类型><颜色>预警[Ⅲ级/较重], as in national messages."""
        return Text(
            f"{issuer}发布{self.term.zh}{level.zh}预警[{level.roman}级/{level.headline_word}]",
            f"{issuer_en}: {self.term.en} warning, {ENGLISH_LEVEL[level]}",
        )

    def headline_clear(self, issuer: str, issuer_en: str, level: Level) -> Text:
        return Text(
            f"{issuer}解除{self.term.zh}{level.zh}预警",
            f"{issuer_en}: {self.term.en} warning, {ENGLISH_LEVEL[level]}, is lifted",
        )

    def certainty(self, trigger: str) -> str:
        """CAP certainty of what raised the warning: `observed` crossing, `forecast`, or `report` by a person."""
        return {"observed": "Observed", "forecast": "Likely", "report": "Possible"}.get(trigger, "Unknown")

    def measures(self, level: Level) -> tuple[Text, ...]:
        """The statutory checklist that must follow a warning of this level."""
        return MEASURES_LOW + MEASURES_HIGH if level >= Level.ORANGE else MEASURES_LOW

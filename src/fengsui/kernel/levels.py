"""The four warning colours. Hue is reserved for these and nothing else."""

from __future__ import annotations

from enum import IntEnum

from fengsui.kernel.terms import Term, Terms


class Level(IntEnum):
    """Ordered: a higher number is worse. NONE means no line is crossed."""

    NONE = 0
    BLUE = 1
    YELLOW = 2
    ORANGE = 3
    RED = 4

    @property
    def code(self) -> str:
        return self.name.lower()

    @property
    def zh(self) -> str:
        return LEVELS[self.code].zh

    @property
    def roman(self) -> str:
        """Ⅰ is the worst (突发事件应对法 Art. 63)."""
        return ("", "Ⅳ", "Ⅲ", "Ⅱ", "Ⅰ")[self]

    @property
    def headline_word(self) -> str:
        """Word after the level in a Chinese headline, e.g. [Ⅲ级/较重]."""
        return ("", "一般", "较重", "严重", "特别严重")[self]

    @property
    def cap_severity(self) -> str:
        return ("Unknown", "Minor", "Moderate", "Severe", "Extreme")[self]

    @classmethod
    def of(cls, code: str) -> Level:
        return cls[code.upper()]


LEVELS = Terms(
    "levels",
    Term("none", "正常", "normal", basis="V"),
    Term("blue", "蓝色", "blue", "突发事件应对法 (2024) Art. 63", "V"),
    Term("yellow", "黄色", "yellow", "突发事件应对法 (2024) Art. 63", "V"),
    Term("orange", "橙色", "orange", "突发事件应对法 (2024) Art. 63", "V"),
    Term("red", "红色", "red", "突发事件应对法 (2024) Art. 63", "V"),
)

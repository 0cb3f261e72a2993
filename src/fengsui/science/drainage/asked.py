"""What sewers are asked of: a SWMM project as it is, or a network and a storm."""

from __future__ import annotations

from dataclasses import dataclass

from fengsui.science.contract import Remark, within
from fengsui.science.drainage import inp
from fengsui.science.drainage.network import Network
from fengsui.science.drainage.planned import Planned, plan
from fengsui.science.drainage.project import Project
from fengsui.science.drainage.sheets import Sheets
from fengsui.science.inundation.asked import Rain

SOIL = Remark(
    "drainage.surface",
    "汇水面的糙率、洼蓄与下渗参数取一般经验值，未经率定",
    "Roughness, hollows and soil of the catchments are general values, not calibrated",
    "G",
)


@dataclass(frozen=True, slots=True)
class Sewers:
    """One of `project` (a SWMM .inp with its own rain and times), `network`, `sheets` (tables of a GIS) and `planned`
    (made up from streets and terrain).

    `until_s`, `rain`: of all but a project; rain falls on their subcatchments. `report_s`: between two told times.
    """

    project: Project | None = None
    network: Network | None = None
    sheets: Sheets | None = None
    planned: Planned | None = None
    rain: Rain | None = None
    until_s: float | None = None
    report_s: int = 60

    def __post_init__(self) -> None:
        given = [each for each in (self.project, self.network, self.sheets, self.planned) if each is not None]
        if len(given) != 1:
            raise ValueError("one of project, network, sheets and planned")
        if self.project is not None:
            if self.rain is not None or self.until_s is not None:
                raise ValueError("a project has its own rain and its own end")
        elif self.until_s is None:
            raise ValueError("until_s: how long?")
        else:
            within("until_s", self.until_s, 60.0, 30 * 86_400.0, unit="s", why="a storm takes minutes to days")
        within("report_s", self.report_s, 1, 3600, unit="s", why="what happens between two reports is not seen")
        if self.sheets is not None:
            self.sheets.network()  # refuses what it cannot read, by sheet, row and column

    def built(self) -> tuple[Project, tuple[Remark, ...]]:
        """The project, and what must be known of it."""
        if self.project is not None:
            return self.project, ()
        network, remarks = self.known()
        assert network is not None
        assert self.until_s is not None
        soil = (SOIL,) if network.subcatchments else ()
        project = inp.project(network, self.rain, self.until_s, report_s=self.report_s)
        return project, (*remarks, *soil)

    def known(self) -> tuple[Network | None, tuple[Remark, ...]]:
        """The network, None of a project, and what must be known of it."""
        if self.planned is not None:
            return plan(self.planned)
        return (self.network if self.sheets is None else self.sheets.network()), ()

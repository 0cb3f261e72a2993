"""A network and a storm as a SWMM project: CMS, dynamic wave, Horton's soil."""

from __future__ import annotations

from datetime import datetime, timedelta

from fengsui.science.drainage.network import Network, Subcatchment
from fengsui.science.drainage.project import Project
from fengsui.science.inundation.asked import Rain

BEGINS = datetime(2026, 1, 1)  # noqa: DTZ001 - a model's clock; the day means nothing
SMOOTH, ROUGH = 0.013, 0.15
"""Manning's n of sheet flow over roofs and asphalt, and over grass [G]."""
KEPT_SMOOTH_MM, KEPT_ROUGH_MM = 1.5, 4.0
"""Depth that stays in hollows [G: within SWMM's manual's 1.3-2.5 and 2.5-5 mm]."""
NEVER_OVER_M = 1000.0
"""Head above a blind end before water would leave it."""
SOIL = "75 5 4 7 0"
"""Horton: first and last mm/h, decay 1/h, drying days, no limit [G]: a loam under lawn, not a soil of the district."""


def project(
    network: Network,
    rain: Rain | None,
    until_s: float,
    *,
    report_s: int = 60,
    step_s: float = 5.0,
    rain_step_s: int = 60,
    shut: bool = False,
) -> Project:
    """The project of `until_s` seconds. Rain falls on the subcatchments alone; `rain_step_s` its shortest interval.

    `shut`: the gates of all outfalls are down: their pipes end blind.
    """
    ends = BEGINS + timedelta(seconds=until_s)
    parts = [_options(ends, report_s, step_s)]
    if network.subcatchments:
        parts += [_gauge(rain, until_s, rain_step_s), *_grounds(network.subcatchments)]
    parts += _pipes(network, shut=shut)
    parts.append("[REPORT]\nSUBCATCHMENTS ALL\nNODES ALL\nLINKS ALL")
    return Project("\n\n".join(parts) + "\n")


def _clock(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}"


def _options(ends: datetime, report_s: int, step_s: float) -> str:
    return f"""[OPTIONS]
FLOW_UNITS CMS
INFILTRATION HORTON
FLOW_ROUTING DYNWAVE
LINK_OFFSETS DEPTH
START_DATE {BEGINS:%m/%d/%Y}
START_TIME 00:00:00
REPORT_START_DATE {BEGINS:%m/%d/%Y}
REPORT_START_TIME 00:00:00
END_DATE {ends:%m/%d/%Y}
END_TIME {ends:%H:%M:%S}
REPORT_STEP {_clock(report_s)}
WET_STEP {_clock(min(report_s, 60))}
DRY_STEP 00:05:00
ROUTING_STEP {step_s:g}
VARIABLE_STEP 0.75
MINIMUM_STEP 0.5
INERTIAL_DAMPING PARTIAL
NORMAL_FLOW_LIMITED BOTH
ALLOW_PONDING NO
THREADS 1"""


def _gauge(rain: Rain | None, until_s: float, step_s: int) -> str:
    lines = ["[RAINGAGES]", f"R INTENSITY {_clock(step_s)} 1.0 TIMESERIES R", "", "[TIMESERIES]"]
    steps = int(until_s // step_s) + 1
    for step in range(steps):
        fell = 0.0 if rain is None else rain.between(step * step_s, (step + 1) * step_s)
        lines.append(f"R {_clock(step * step_s)} {fell * 1000 * 3600 / step_s:.6g}")
    return "\n".join(lines)


def _grounds(grounds: tuple[Subcatchment, ...]) -> list[str]:
    places, surfaces, soils = ["[SUBCATCHMENTS]"], ["[SUBAREAS]"], ["[INFILTRATION]"]
    for each in grounds:
        # Sheet flow as long as half of a square's side is wide, where the sheet says nothing [G].
        width = each.width_m or 2 * each.area_m2**0.5
        places.append(
            f"{each.code} R {each.node} {each.area_m2 / 1e4:.8g} {each.impervious * 100:.6g} {width:.6g} "
            f"{each.slope * 100:.6g} 0"
        )
        surfaces.append(f"{each.code} {SMOOTH} {ROUGH} {KEPT_SMOOTH_MM} {KEPT_ROUGH_MM} 25 OUTLET")
        soils.append(f"{each.code} {SOIL}")
    return ["\n".join(each) for each in (places, surfaces, soils)]


def _free(network: Network) -> str:
    """A code that nothing has."""
    code = "SHUT"
    while code in network.inverts:
        code += "_"
    return code


def _pipes(network: Network, *, shut: bool) -> list[str]:
    inverts = network.inverts
    manholes = [f"{each.code} {each.invert_m:.4f} {each.rim_m - each.invert_m:.4f} 0 0 0" for each in network.manholes]
    outfalls = [
        f"{each.code} {each.invert_m:.4f} {'FREE' if each.stage_m is None else f'FIXED {each.stage_m:.4f}'} "
        + ("YES" if each.gated else "NO")
        for each in network.outfalls
    ]
    if shut:
        # A gate with high water outside would hold water back as well, but SWMM counts the pipe to it as half full.
        manholes += [f"{each.code} {each.invert_m:.4f} 0 0 {NEVER_OVER_M:g} 0" for each in network.outfalls]
        outfalls = [f"{_free(network)} {min(network.inverts.values()):.4f} FREE NO"]  # SWMM wants one
    links, shapes = [], []
    for each in network.pipes:
        offsets = [
            0.0 if own is None else max(own - inverts[node], 0.0)
            for own, node in ((each.start_invert_m, each.start), (each.stop_invert_m, each.stop))
        ]
        links.append(
            f"{each.code} {each.start} {each.stop} {each.length_m:.3f} {each.roughness:g} "
            f"{offsets[0]:.4f} {offsets[1]:.4f} 0 0"
        )
        size = (
            f"CIRCULAR {each.diameter_m:g} 0"
            if each.height_m is None
            else f"RECT_CLOSED {each.height_m:g} {each.diameter_m:g}"
        )
        shapes.append(f"{each.code} {size} 0 0 1")
    names = ("JUNCTIONS", "OUTFALLS", "CONDUITS", "XSECTIONS")
    return [
        "\n".join([f"[{name}]", *rows]) for name, rows in zip(names, (manholes, outfalls, links, shapes), strict=True)
    ]

"""The model of sewers alone: a SWMM project, or a network and a storm, to its end."""

from __future__ import annotations

from typing import Any

from fengsui.kernel.terms import Term
from fengsui.science.contract import Model, Remark, Var
from fengsui.science.drainage import ensemble
from fengsui.science.drainage.asked import Sewers
from fengsui.science.drainage.engine import Output, Totals

PAPERS = (
    "Rossman & Simon 2022, Storm Water Management Model User's Manual Version 5.2, EPA/600/R-22/030",
    "Rossman 2017, SWMM Reference Manual Vol. II: Hydraulics, EPA/600/R-17/111",
)
SOUND_PERCENT = 1.0


def _compute(asked: Sewers) -> tuple[dict[str, Any], tuple[Remark, ...]]:
    project, remarks = asked.built()
    output = ensemble.simulate(project)
    return values(output, output.totals), (*remarks, *doubts(output.error_percent))


def doubts(error_percent: tuple[float, float, float]) -> tuple[Remark, ...]:
    worst = max(error_percent, key=abs)
    if abs(worst) <= SOUND_PERCENT:
        return ()
    return (
        Remark(
            "drainage.continuity",
            f"管网水量平衡误差 {worst:.1f}%，超过 5% 的结果不予采用",
            f"The sewers' books are off by {worst:.1f} %; above 5 % there is no result",
            "V",
        ),
    )


def values(output: Output, totals: Totals) -> dict[str, Any]:
    return {
        "time_s": output.time_s,
        "lateral_m3_s": output.system["lateral_m3_s"],
        "outfalls_m3_s": output.system["outfalls_m3_s"],
        "flooding_m3_s": output.system["flooding_m3_s"],
        "stored_m3": output.system["stored_m3"],
        "nodes": output.node_ids,
        "links": output.link_ids,
        "subcatchments": output.subcatchment_ids,
        "node_depth_m": output.nodes["depth_m"],
        "node_head_m": output.nodes["head_m"],
        "node_inflow_m3_s": output.nodes["inflow_m3_s"],
        "node_flooding_m3_s": output.nodes["flooding_m3_s"],
        "link_depth_m": output.links["depth_m"],
        "link_flow_m3_s": output.links["flow_m3_s"],
        "link_speed_m_s": output.links["speed_m_s"],
        "runoff_m3_s": output.runoff_m3_s,
        "came_m3": totals.came(),
        "flooded_m3": totals.flooding,
        "drained_m3": totals.outfalls,
        "runoff_error_percent": output.error_percent[0],
        "routing_error_percent": output.error_percent[1],
        "report": output.report,
    }


NODE, LINK = ("period", "node"), ("period", "link")
VARIABLES = (
    Var("time_s", "s", ("period",), "out", "end of each reporting period, since the start"),
    Var("lateral_m3_s", "m3/s", ("period",), "out", "all water that comes in"),
    Var("outfalls_m3_s", "m3/s", ("period",), "out", "all water that runs off at outfalls"),
    Var("flooding_m3_s", "m3/s", ("period",), "out", "all water that leaves the rims of manholes"),
    Var("stored_m3", "m3", ("period",), "out", "water in pipes, manholes and basins"),
    Var("nodes", "1", ("node",), "out", "codes of the nodes, in their order", "str"),
    Var("links", "1", ("link",), "out", "codes of pipes, pumps and weirs, in their order", "str"),
    Var("subcatchments", "1", ("subcatchment",), "out", "codes of the subcatchments, in their order", "str"),
    Var("node_depth_m", "m", NODE, "out", "water above the bottom of each node"),
    Var("node_head_m", "m", NODE, "out", "level of the water in each node"),
    Var("node_inflow_m3_s", "m3/s", NODE, "out", "all that comes into each node"),
    Var("node_flooding_m3_s", "m3/s", NODE, "out", "what leaves its rim"),
    Var("link_depth_m", "m", LINK, "out", "water in each pipe"),
    Var("link_flow_m3_s", "m3/s", LINK, "out", "flow in the direction in which the pipe is drawn"),
    Var("link_speed_m_s", "m/s", LINK, "out", "its speed"),
    Var("runoff_m3_s", "m3/s", ("period", "subcatchment"), "out", "runoff of each subcatchment"),
    Var("came_m3", "m3", (), "out", "all water that was in the pipes at the start or came in"),
    Var("flooded_m3", "m3", (), "out", "water that left the rims of manholes and is lost to this model"),
    Var("drained_m3", "m3", (), "out", "water that ran off at outfalls"),
    Var("runoff_error_percent", "%", (), "out", "SWMM's continuity error of runoff"),
    Var("routing_error_percent", "%", (), "out", "SWMM's continuity error of the flow in pipes"),
    Var("report", "1", (), "out", "SWMM's own report", "str"),
)
MODEL = Model(
    code="drainage",
    version="1",
    term=Term("drainage", "排水管网（EPA SWMM）", "sewers (EPA SWMM)"),
    inputs=Sewers,
    variables=VARIABLES,
    compute=_compute,
    verified=True,
    papers=PAPERS,
)

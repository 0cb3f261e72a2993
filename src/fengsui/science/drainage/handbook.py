"""The handbook's page about drainage."""

from __future__ import annotations

import numpy as np

from fengsui.science.drainage import ensemble, inp
from fengsui.science.drainage.engine import Output
from fengsui.science.drainage.exchange import Values, law
from fengsui.science.drainage.network import Manhole, Network, Outfall, Pipe, Subcatchment
from fengsui.science.handbook import Check, Page, Plot, line
from fengsui.science.inundation.asked import Rain

SAYS = """
**Sewers** by EPA SWMM 5.2 (`drainage`): a project's .inp as it is, or a network from the tables of a GIS and a storm.
Each simulation runs in a process of its own; its books must close to 5 %, or there is no result. **A flood over
sewers** (`drainage-flood`): the streets' water goes down manholes and inlets and comes up again, by Rubinato et al.
2017, in one ledger. An outfall with a flap gate (the tables' column 拍门: 有 or 无, yes or no) lets no river in.

It cannot say how a cover or grate of the district behaves: the coefficients are a laboratory's, and the form for
shallow drowned rims is unchecked [U]. Roughness, hollows and soil of catchments built from tables are general values
[G].

Alone: `./fengsui science drainage --case street.json --out out.json`; all 25 models of EPA's suite, the closed box and
the other checks, with what was found, in `src/fengsui/science/drainage/README.md`.
"""
A, W = 0.385, 2.199
STORM = Rain(np.array([0.0, 1200.0, 2400.0]), np.array([0.01, 0.02]))


def street() -> Network:
    """Four manholes 50 m apart, each with 4 000 m2, pipes of 0.4 m falling by 3 in 1000."""
    holes = tuple(Manhole(f"M{n}", 50.0 * n, 0.0, 8.0 - 0.15 * n, 10.0 - 0.1 * n) for n in range(4))
    ends = (*(each.code for each in holes[1:]), "O")
    pipes = tuple(
        Pipe(f"P{n}", each.code, end, 50.0, 0.4) for n, (each, end) in enumerate(zip(holes, ends, strict=True))
    )
    grounds = tuple(Subcatchment(f"S{n}", each.code, 4000.0) for n, each in enumerate(holes))
    return Network(holes, pipes, (Outfall("O", 200.0, 0.0, 7.4),), grounds)


def page() -> Page:
    output = ensemble.simulate(inp.project(street(), STORM, 5400.0))
    return Page("drainage", "Drainage", SAYS, (*_exchange(), *_books(output)), (_law(), _pipes(output)))


def _flow(surface: Values, head: Values) -> Values:
    return law(surface, head, *(np.full(len(surface), each) for each in (10.0, A, W)))


def _exchange() -> tuple[Check, ...]:
    cases = (
        ("free weir, 0.2 m over the crest", 10.2, 9.0, 2 / 3 * 0.54 * W * np.sqrt(2 * 9.80665) * 0.2**1.5),
        ("drowned weir, 0.1 m deep, fall 0.05 m", 10.1, 10.05, 0.056 * W * 0.1 * np.sqrt(2 * 9.80665 * 0.05)),
        ("drowned orifice, fall 0.2 m", 10.3, 10.1, 0.167 * A * np.sqrt(2 * 9.80665 * 0.2)),
        ("up, 0.5 m over the street", 10.1, 10.6, -0.167 * A * np.sqrt(2 * 9.80665 * 0.5)),
    )
    found = []
    for what, surface, head, expected in cases:
        flow = float(_flow(np.array([surface]), np.array([head]))[0])
        slack = abs(expected) * 1e-9
        found.append(
            Check(
                f"manhole of 0.7 m, {what}", f"{expected:.4f}", flow, expected - slack, expected + slack, "m3/s",
                "Rubinato et al. 2017",
            )
        )  # fmt: skip
    return tuple(found)


def _books(output: Output) -> tuple[Check, ...]:
    runoff, routing, _ = output.error_percent
    last, heads = output.links["flow_m3_s"][:, 1], output.nodes["head_m"]
    when = int(last.argmax())
    fall = float(heads[when, 1] - heads[when, 2])
    full = np.pi / 4 * 0.4**2 * 0.1 ** (2 / 3) * np.sqrt(fall / 50) / 0.013
    return (
        Check("a street's storm: continuity error of runoff", "< 1 %", abs(runoff), 0.0, 1.0, "%"),
        Check("the same: of the flow in pipes", "< 1 %", abs(routing), 0.0, 1.0, "%"),
        Check(
            "the same: largest flow of a full pipe over Manning's by the levels at its ends", "1",
            float(last[when]) / full, 0.97, 1.03,
        ),
    )  # fmt: skip


def _law() -> Plot:
    head = np.linspace(9.0, 11.0, 401)
    return Plot(
        "exchange", "Flow down a manhole of 0.7 m by the level in the pipe (crest at 10 m)", "m", "m3/s",
        tuple(line(f"street {d:g} m deep", head, _flow(np.full(401, 10.0 + d), head)) for d in (0.05, 0.1, 0.2)),
    )  # fmt: skip


def _pipes(output: Output) -> Plot:
    minutes = output.time_s / 60
    return Plot(
        "street", "30 mm in 40 min on a street of 1.6 ha: flow in its four pipes", "min", "m3/s",
        tuple(line(code, minutes, output.links["flow_m3_s"][:, n]) for n, code in enumerate(output.link_ids)),
    )  # fmt: skip

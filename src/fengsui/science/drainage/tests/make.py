"""Small projects for tests."""

from fengsui.science.drainage.network import Manhole, Network, Outfall, Pipe, Subcatchment
from fengsui.science.drainage.project import Project


def box(units="CMS", bottom_m=8.0):
    """A basin of 50 m2, empty, and far from it a pipe: SWMM does not route where there is none."""
    m = 1.0 if units in ("CMS", "LPS", "MLD") else 1 / 0.3048
    return Project(f"""[OPTIONS]
FLOW_UNITS {units}
FLOW_ROUTING DYNWAVE
START_DATE 01/01/2026
START_TIME 00:00:00
END_DATE 01/01/2026
END_TIME 02:00:00
REPORT_STEP 00:01:00
ROUTING_STEP 1
VARIABLE_STEP 0
[STORAGE]
池 {bottom_m * m} {10 * m} 0 FUNCTIONAL 0 0 {50 * m * m} 0 0
[JUNCTIONS]
J 0 10 0 0 0
[OUTFALLS]
O 0 FREE NO
[CONDUITS]
C J O 10 0.01 0 0
[XSECTIONS]
C CIRCULAR 1 0 0 0 1
[REPORT]
NODES ALL
LINKS ALL
""")


def chain(count=6, diameter_m=0.3, grounds=True, spacing_m=50.0, area_m2=5000.0):
    """A street that falls by 2 in 1000 and its sewer, 2 m below."""
    fall = 0.002 * spacing_m
    manholes = [Manhole(f"井{n}", n * spacing_m, 0.0, 8 - fall * n, 10 - fall * n) for n in range(count)]
    pipes = [
        Pipe(f"管{n}", f"井{n}", f"井{n + 1}" if n < count - 1 else "口", spacing_m, diameter_m) for n in range(count)
    ]
    ground = [Subcatchment(f"区{n}", f"井{n}", area_m2) for n in range(count)] if grounds else []
    end = Outfall("口", count * spacing_m, 0.0, 8 - fall * count)
    return Network(tuple(manholes), tuple(pipes), (end,), tuple(ground))


def basin(units="CMS", bottom_m=8.0, full_m=0.0, gate="NO"):
    """A basin of 50 m2 behind an outfall, by an outlet of 0.5 m3/s for a metre of fall, which holds no water, solved to
    the end: at its own tolerance of 1.5 mm SWMM is 4e-4 of the water off, with an orifice 3e-7 as the levels meet."""
    m = 1.0 if units in ("CMS", "LPS", "MLD") else 1 / 0.3048
    flow = 0.5 if m == 1.0 else 0.5 / 0.3048**2
    inp = box(units, bottom_m).inp
    inp = inp.replace("VARIABLE_STEP 0", "VARIABLE_STEP 0\nHEAD_TOLERANCE 1e-12\nMAX_TRIALS 100")
    inp = inp.replace(f"{10 * m} 0 FUNCTIONAL", f"{10 * m} {full_m * m} FUNCTIONAL")
    inp = inp.replace("O 0 FREE NO", f"O 0 FREE NO\n口 {bottom_m * m} FREE {gate}")
    return Project(inp.replace("[XSECTIONS]", f"[OUTLETS]\n孔 池 口 0 FUNCTIONAL/HEAD {flow} 1 NO\n[XSECTIONS]"))

"""One set's row of the table, and whether what came of it is what its files and its README say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fengsui.catalog.hazards import of_sensor
from fengsui.config.replays.found import Found, Outcome
from fengsui.config.replays.gateway import Sent
from fengsui.config.replays.plan import Plan, Stream
from fengsui.config.replays.truth import LEVELS, Episode, episodes, highest, silences

SILENT_S = 15.0
"""Three periods of at least five seconds: what the platform calls silent in a replay."""
SEEN_S = SILENT_S + 15.0 + 4.0
"""A silence so long is seen for certain: the engine looks every fifteen seconds."""
SURE_MIN, SURE_M = 30.0, 0.127
"""Above 4 in for so long by its source, and 5 in deep: no straight line between the corners hides such an event."""
LATER_STEPS = 4
"""A crossing may come so many readings after the second one over the line: a doubted value needs confirming."""


@dataclass
class Row:
    """Everything one line of the table says. faults: what went against the truth; facts: what was held against it."""

    code: str
    stations: int
    sent: Sent
    stored: int
    again: int
    refused: Counter[str]
    flags: Counter[str]
    left_out: Mapping[str, int]
    ups: Counter[str]
    downs: int
    warnings: Counter[str]
    silence: Counter[str]
    groups: int
    confirm: int
    late: int
    took_s: float
    facts: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        return not self.faults


def judge(plan: Plan, outcome: Outcome, sent: Sent, seconds: float, *, whole: bool = True) -> Row:
    """whole=False: a part of the set without the clock engine, so neither silence nor the README's words are judged."""
    found = {each.code: outcome.streams.get(each.code, Found()) for each in plan.streams}
    rows = list(found.values())
    refused: Counter[str] = sum((each.refused for each in rows), Counter())
    flags: Counter[str] = sum((each.flags for each in rows), Counter())
    stored = sum(each.rows for each in rows)
    texts = _texts(plan.streams)
    numbers = sent.readings - texts - _unknown_unit(plan.streams)
    row = Row(
        code=plan.set.code,
        stations=len(plan.streams),
        sent=sent,
        stored=stored,
        again=numbers - stored,
        refused=refused,
        flags=flags,
        left_out=plan.left_out,
        ups=Counter(m.level_to for each in rows for m in each.moves if _up(m.level_from, m.level_to)),
        downs=sum(not _up(m.level_from, m.level_to) for each in rows for m in each.moves),
        warnings=Counter(trigger for each in rows for trigger, _ in each.warnings),
        silence=sum((each.silence for each in rows), Counter()),
        groups=outcome.groups.get(plan.set.code, 0),
        confirm=sum(each.confirm_clocks for each in rows),
        late=flags["late"] + sum(got.flags["ancient"] for got in rows),
        took_s=sent.took_s,
    )
    _nothing_lost(row, plan, found)
    _crossings(row, plan, found)
    _warnings(row, plan, found)
    if whole:
        _silence(row, plan, found, seconds)
        _planted(row, plan, found)
        _readme(row, plan, found)
    return row


def _up(level_from: str, level_to: str) -> bool:
    order = ("none", *LEVELS)
    return order.index(level_to) > order.index(level_from)


def _texts(streams: Iterable[Stream]) -> int:
    return sum(isinstance(value, str) for each in streams for _, value in each.samples)


def _unknown_unit(streams: Iterable[Stream]) -> int:
    return sum(
        not isinstance(value, str)
        for each in streams
        if each.factor is None
        for _, value in (*each.samples, *each.late)
    )


def _say(row: Row, wrong: list[str], checked: str) -> None:
    """Either what was held against the truth, or which stations broke it."""
    if wrong:
        row.faults.append(f"{checked}: {len(wrong)} not so ({'; '.join(wrong[:3])}{' …' if len(wrong) > 3 else ''})")
    else:
        row.facts.append(checked)


def _nothing_lost(row: Row, plan: Plan, found: Mapping[str, Found]) -> None:
    wrong = []
    for each in plan.streams:
        if each.factor is None:
            expected = 0
        else:
            sent = ((at, value) for at, value in (*each.samples, *each.late) if not isinstance(value, str))
            expected = len({(round(at / each.speed * 1e6), value) for at, value in sent})
        if found[each.code].rows != expected:
            wrong.append(f"{each.code} {found[each.code].rows} of {expected}")
    _say(row, wrong, "every different reading stored once")
    texts = sum(any(isinstance(v, str) for _, v in each.samples) for each in plan.streams)
    if texts:
        kept = row.refused["sensor.decode.value"]
        wrong = [] if kept == _texts(plan.streams) else [f"{kept} of {_texts(plan.streams)}"]
        _say(row, wrong, "figures that are no numbers refused and kept")


def _crossings(row: Row, plan: Plan, found: Mapping[str, Found]) -> None:
    lined = [each for each in plan.streams if each.ladder and not plan.set.is_quiet(each.series)]
    wrong, count = [], 0
    for each in lined:
        expected = episodes(each)
        count += len(expected)
        ups = _rises(each, found[each.code])
        wrong += [f"{each.code} {each.series[-24:]} {why}" for why in _compare(each, expected, ups)]
        top = max((m.level_to for m in found[each.code].moves), key=("none", *LEVELS).index, default="none")
        if top != highest(each) and not wrong:
            wrong.append(f"{each.code} reached {top}, {highest(each)} expected")
    if lined:
        _say(row, wrong, f"{count} floods of {len(lined)} lines crossed at the right time, nothing else crossed")
    quiet = [each for each in plan.streams if plan.set.is_quiet(each.series)]
    if quiet:
        moved = [each.code for each in quiet if found[each.code].moves or found[each.code].warnings]
        doubted = sum(found[each.code].flags["rate"] for each in quiet)
        _say(row, moved, f"{len(quiet)} tide gauges move, {doubted} spikes among them, and nobody is warned")


def _compare(stream: Stream, expected: list[Episode], ups: list[float]) -> list[str]:
    if len(expected) != len(ups):
        return [f"{len(ups)} rises for {len(expected)} floods"]
    slack = LATER_STEPS * (300.0 if stream.events else stream.period_s) + 1e-3 + 2e-6 * stream.speed
    return [
        f"{(up - each.at) / 60:+.0f} min"
        for each, up in zip(expected, ups, strict=True)
        if not -slack <= up - each.at <= slack
    ]


def _rises(stream: Stream, got: Found) -> list[float]:
    """When the first line was crossed upwards, in seconds by the file's clock since its beginning."""
    return [move.at_us / 1e6 * stream.speed for move in got.moves if move.level_from == "none"]


def _warnings(row: Row, plan: Plan, found: Mapping[str, Found]) -> None:
    """A draft for each place whose stage or depth crossed a line. One reading at the line is no crossing, and yet no
    wrong forecast; where no reading reached it, or a tide did, any draft is wrong."""
    wrong, drafted = [], 0
    for each in plan.streams:
        judged = bool(each.ladder and of_sensor(each.kind.code)) and not plan.set.is_quiet(each.series)
        crossed = judged and bool(episodes(each))
        touched = judged and any(value >= each.ladder["blue"] for _, value in each.clean)
        has = bool(found[each.code].warnings)
        drafted += has
        if (crossed and not has) or (has and not touched):
            how = ", ".join(trigger for trigger, _ in found[each.code].warnings) or "none"
            wrong.append(f"{each.code} {each.series[-24:]} {each.copy} warned: {how}, crossed: {crossed}")
    _say(row, wrong, f"{drafted} places warned, exactly those that flooded" if drafted or wrong else "nobody is warned")


def _silence(row: Row, plan: Plan, found: Mapping[str, Found], seconds: float) -> None:
    wrong, dead = [], 0
    for each in plan.streams:
        quiet = silences(each, seconds * each.speed)
        must, never = any(gap >= SEEN_S for gap in quiet), not any(gap > SILENT_S for gap in quiet)
        clocks = sum(found[each.code].silence.values())
        dead += must
        if must and not clocks and not row.groups:
            wrong.append(f"{each.code} {each.series[-24:]} silent for {max(quiet):.0f} s, no clock")
        if each.events and clocks:
            wrong.append(f"{each.code} reports events alone, yet its silence has a clock")
        if never and clocks and quiet:
            wrong.append(f"{each.code} {each.series[-24:]} {each.copy} {clocks} clocks, longest gap {max(quiet):.0f} s")
    if dead or wrong:
        _say(row, wrong, f"{dead} streams that fall silent are somebody's, none that speaks")
    elif any(not each.events for each in plan.streams):
        row.facts.append("no stream that speaks is called silent")
    if all(each.events for each in plan.streams):
        row.facts.append("reports events alone: its silence is dry or dead, nobody can tell, and no clock pretends to")


def _planted(row: Row, plan: Plan, found: Mapping[str, Found]) -> None:
    for each in plan.streams:
        got = found[each.code]
        if each.copy == "late":
            wrong = (
                []
                if got.flags["late"] + got.flags["ancient"] >= len(each.late)
                else [f"{got.flags['late']} of {len(each.late)} flagged"]
            )
            after = max((at for at, _ in each.samples), default=0.0) / each.speed
            wrong += [f"crossing {m.level_to}" for m in got.moves if m.at_us / 1e6 > after]
            _say(row, wrong, f"{len(each.late)} readings of the flood a day late: stored, flagged, no alarm")
        if each.copy == "spikes":
            doubted = got.flags["rate"] + got.flags["range"]
            _say(row, [] if doubted and not got.warnings else [f"{doubted} doubted"], "spikes doubted, nobody warned")
        if each.copy == "dies":
            alive = sum(got.silence.values())
            _say(
                row, [] if alive and not got.warnings else [f"{alive} clocks"], "the dead gauge has a clock, no warning"
            )


def _readme(row: Row, plan: Plan, found: Mapping[str, Found]) -> None:
    """What the set's own README or columns say, independent of our reading of the file."""
    declared = plan.set
    real = [each for each in plan.streams if not each.copy]
    for name, windows in declared.floods.items():
        of_name = [each for each in real if each.series == name]
        ups = [each.t0 + at for each in of_name for at in _rises(each, found[each.code])]
        missed = [
            f"{since:%m-%d}"
            for since, to in windows
            if not any(since.timestamp() <= up <= to.timestamp() for up in ups)
        ]
        _say(row, missed, f"{len(windows)} floods that the README names at {name} crossed in time")
    for name, least in declared.at_least.items():
        rises = sum(len(_rises(each, found[each.code])) for each in real if each.series == name)
        _say(
            row, [] if rises >= least else [f"{rises}"], f"at least {least} rises at {name} as in the README ({rises})"
        )
    for name, peaks in declared.peaks.items():
        of_name = [each for each in real if each.series == name]
        missed = [f"{peak:g}" for peak in peaks if not any(_stands(e, found[e.code], peak) for e in of_name)]
        _say(row, missed, f"the README's highest peaks at {name} stand under an alarm")
    if declared.above_min:
        shallow = [each for each in real if each.truth_min == 0]
        tidal = sum(each.tidal for each in shallow)
        said = (
            f"no warning at the {len(shallow)} events, {tidal} of them tides, whose source counts no minute above 4 in"
        )
        _say(row, [each.code for each in shallow if found[each.code].warnings], said)
        deep = [each for each in real if (each.truth_min or 0) >= SURE_MIN and max(v for _, v in each.clean) >= SURE_M]
        said = f"a warning at each of the {len(deep)} events 5 in deep with half an hour above 4 in by their source"
        _say(row, [each.code for each in deep if not found[each.code].warnings], said)


def _stands(stream: Stream, got: Found, peak: float) -> bool:
    """The series has this peak, and at that moment the stream's level was up."""
    at = next((t for t, v in stream.samples if isinstance(v, float) and abs(v - peak) <= 1.0), None)
    if at is None:
        return False
    level = "none"
    for move in got.moves:
        if move.at_us / 1e6 * stream.speed <= at + 1:
            level = move.level_to
    return level != "none"

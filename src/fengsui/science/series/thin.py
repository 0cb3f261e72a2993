"""A long series as few points as a screen shows, without losing what matters: extremes, ends, gaps, refused ones.

Min/max thinning: the window is cut into equal spans of time, and of each span the first, last, lowest and highest
trusted reading stay, exactly as they were measured. Nothing is averaged, so a peak of one minute is on every scale.
(A line drawn from these four a pixel column equals the line drawn from all readings: Jugel et al., "M4: A
Visualization-Oriented Time Series Data Aggregation", VLDB 2014 [G].) What is thin already can be joined and thinned
again, so days may be condensed once and kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fengsui.science.series.batch import Flags, Index, Times, Values
from fengsui.science.series.quality import SUSPECT

MOST = 2000
"""Points of one answer, all kinds together: about one a pixel of a wide screen."""
DAY_SPANS = 24
"""A condensed day keeps the extremes of each of its hours."""
_GAPS_SHARE, _REFUSED_SHARE = 25, 8


@dataclass(frozen=True, slots=True)
class Piece:
    """Readings of a stretch of time, all or some. Times are microseconds since 1970 UTC.

    at, value, flags: shape (k,), sorted by time. gaps: shape (g, 2), silences from one trusted reading to the next (in
    a joined piece also from the window's start and to its end). of, refused: how many readings the stretch holds.
    """

    at: Times
    value: Values
    flags: Flags
    gaps: Times
    of: int
    refused: int


@dataclass(frozen=True, slots=True)
class Thin:
    """What is drawn of a window: a piece of at most `most` readings. `more_gaps` says how many gaps are not told,
    each shorter than those that are."""

    piece: Piece
    more_gaps: int

    @property
    def is_thinned(self) -> bool:
        return len(self.piece.at) < self.piece.of


def piece(at: Times, value: Values, flags: Flags, gap_us: int) -> Piece:
    """All readings of a stretch, sorted by time; a silence longer than `gap_us` between trusted ones is a gap."""
    trusted = at[(flags & SUSPECT) == 0]
    return Piece(at, value, flags, _silences(trusted, gap_us), len(at), len(at) - len(trusted))


def join(pieces: Sequence[Piece], low: int, high: int, gap_us: int) -> Piece:
    """Pieces in order of time as one piece of [low, high); silences between them and at the window's ends are gaps."""
    gaps, before = [], low
    for each in pieces:
        trusted = np.flatnonzero((each.flags & SUSPECT) == 0)
        if len(trusted):
            gaps += [_silences(np.array([before, each.at[trusted[0]]], np.int64), gap_us), each.gaps]
            before = int(each.at[trusted[-1]])
    gaps.append(_silences(np.array([before, high], np.int64), gap_us))
    at = np.concatenate([np.empty(0, np.int64), *(each.at for each in pieces)])
    value = np.concatenate([np.empty(0, np.float64), *(each.value for each in pieces)])
    flags = np.concatenate([np.empty(0, np.int16), *(each.flags for each in pieces)])
    of, refused = sum(each.of for each in pieces), sum(each.refused for each in pieces)
    return Piece(at, value, flags, np.concatenate(gaps), of, refused)


def condense(whole: Piece, low: int, high: int, spans: int = DAY_SPANS) -> Piece:
    """A piece of [low, high) with the extremes of each span, all its gaps with both ends, and its refused extremes."""
    keep = _extremes(whole, low, high, spans, spans)
    keep |= np.isin(whole.at, whole.gaps.ravel())
    return Piece(whole.at[keep], whole.value[keep], whole.flags[keep], whole.gaps, whole.of, whole.refused)


def thin(whole: Piece, low: int, high: int, most: int = MOST) -> Thin:
    """At most `most` (>= 32) readings of [low, high); all of them where they are few.

    Of trusted readings the first, last, lowest and highest of each span survive; of refused ones the lowest and
    highest; both ends of each gap that is told, the longest where there are many.
    """
    if len(whole.at) <= most and len(whole.gaps) <= most:
        return Thin(whole, 0)
    told = most // _GAPS_SHARE
    longest = np.sort(np.argsort(whole.gaps[:, 0] - whole.gaps[:, 1], kind="stable")[:told])
    gaps, refused = whole.gaps[longest], most // _REFUSED_SHARE
    if len(whole.at) <= most:
        keep = np.ones(len(whole.at), np.bool_)
    else:
        keep = _extremes(whole, low, high, (most - 2 * told - refused) // 4, refused // 2)
        keep |= np.isin(whole.at, gaps.ravel()) & ((whole.flags & SUSPECT) == 0)
    kept = Piece(whole.at[keep], whole.value[keep], whole.flags[keep], gaps, whole.of, whole.refused)
    return Thin(kept, len(whole.gaps) - len(gaps))


def _silences(moments: Times, gap_us: int) -> Times:
    """Pairs of neighbours further apart than `gap_us`. shape (g, 2)."""
    wide = np.flatnonzero(np.diff(moments) > gap_us)
    return np.stack((moments[wide], moments[wide + 1]), axis=1)


def _extremes(whole: Piece, low: int, high: int, spans: int, refused_spans: int) -> npt.NDArray[np.bool_]:
    """Which rows are an extreme of a span: trusted ones with first and last, refused ones without. shape (k,)."""
    keep = np.zeros(len(whole.at), np.bool_)
    suspect = (whole.flags & SUSPECT) != 0
    keep[_of_spans(whole, np.flatnonzero(~suspect), low, high, spans, with_ends=True)] = True
    keep[_of_spans(whole, np.flatnonzero(suspect), low, high, refused_spans, with_ends=False)] = True
    return keep


def _of_spans(whole: Piece, rows: Index, low: int, high: int, spans: int, *, with_ends: bool) -> Index:
    if not len(rows):
        return rows
    edges = low + (np.arange(spans, dtype=np.int64) * (high - low)) // spans
    starts = np.unique(np.searchsorted(whole.at[rows], edges))
    starts = np.unique(np.append(0, starts[starts < len(rows)]))
    counts = np.diff(np.append(starts, len(rows)))
    v, found = whole.value[rows], []
    for extreme in (np.minimum, np.maximum):
        at_best = np.flatnonzero(v == np.repeat(extreme.reduceat(v, starts), counts))
        _, first = np.unique(np.searchsorted(starts, at_best, side="right"), return_index=True)
        found.append(at_best[first])
    if with_ends:
        found += [starts, starts + counts - 1]
    return rows[np.concatenate(found)]

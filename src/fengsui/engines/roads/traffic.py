"""Live traffic of one Router: an anonymous copy of the build's traffic archive, mapped by Valhalla and written by us.

Eight bytes written close an edge at once for every actor that maps the same copy. The copy is a memfd: each process and
each world has its own, an exercise cannot close a real road, and a killed process leaves nothing behind.

Tile in the archive: header `<QQIIII` (tile id, last update, edge count, version, two spare), then one uint64 per
directed edge. Word: bits 0-27 four speeds, 28-35 and 36-43 breakpoints;
speed 0 with both breakpoints at the end = closed.
"""

from __future__ import annotations

import io
import mmap
import os
import struct
import tarfile
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CLOSED = 255 << 28 | 255 << 36
UNKNOWN = 0
_HEADER = struct.Struct("<QQIIII")
_WORD = struct.Struct("<Q")
_TILE_MASK = (1 << 25) - 1
VERSION = 3


def _let_go(mapped: mmap.mmap, fd: int) -> None:
    mapped.close()
    os.close(fd)


class Traffic:
    """`path` is what Valhalla is given. `holding(edges)` keeps exactly these edges closed while the block runs.

    Blocks that want the same edges run side by side; one that wants others waits for them, in order of arrival.
    """

    def __init__(self, skeleton: Path) -> None:
        data = skeleton.read_bytes()
        self._offsets = _offsets(data)
        self._fd = os.memfd_create("fengsui-traffic", os.MFD_CLOEXEC)
        os.ftruncate(self._fd, len(data))
        self._map = mmap.mmap(self._fd, len(data))
        self._map[:] = data
        self.path = f"/proc/self/fd/{self._fd}"
        self._closed: frozenset[int] = frozenset()
        self._inside = 0
        self._queue = threading.Lock()
        self._changed = threading.Condition()

        # Not __del__: at the end of the interpreter the modules that it needs are gone.
        self._end = weakref.finalize(self, _let_go, self._map, self._fd)

    @contextmanager
    def holding(self, edges: frozenset[int]) -> Iterator[None]:
        with self._queue, self._changed:  # the queue makes waiters take turns: nobody starves
            self._changed.wait_for(lambda: self._inside == 0 or self._closed == edges)
            if self._closed != edges:
                self._write(edges)
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    def _write(self, edges: frozenset[int]) -> None:
        for edge in self._closed - edges:
            self._set(edge, UNKNOWN)
        for edge in edges - self._closed:
            self._set(edge, CLOSED)
        self._closed = edges

    def _set(self, edge: int, word: int) -> None:
        start, count = self._offsets[edge & _TILE_MASK]
        index = edge >> 25
        if index >= count:
            raise IndexError(f"edge {index} of {count}")
        _WORD.pack_into(self._map, start + index * _WORD.size, word)


def _offsets(data: bytes) -> dict[int, tuple[int, int]]:
    """Tile id -> (offset of its first word, number of words)."""
    found = {}
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for member in archive.getmembers():
            if member.name.endswith(".gph"):
                tile, _, count, kind, _, _ = _HEADER.unpack_from(data, member.offset_data)
                if kind != VERSION:
                    raise ValueError(f"traffic tile version {kind}, expected {VERSION}")
                found[tile] = (member.offset_data + _HEADER.size, count)
    return found

"""A nowcaster without any science: it rains on as in the last step. Held to the suite of the port as the real one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fengsui.kernel.ports.forecaster import LessonLost, RainLesson, SeriesForecast, Values


class Stays:
    method = "rain"

    def learn(self, rain: Values, leads: int, pause: int) -> RainLesson | None:
        wet = int((np.nan_to_num(rain) > 0).sum())
        if wet < 40:
            return None
        return RainLesson(f"stays {leads} {pause}".encode(), wet, (1.0,) * leads)

    def forecast(
        self, state: bytes, rain: Values, until: int, step_s: float, lines: Sequence[float]
    ) -> SeriesForecast | None:
        words = state.decode(errors="replace").split()
        if words[:1] != ["stays"] or len(words) != 3:
            raise LessonLost("no lesson of this kind")
        leads, pause = map(int, words[1:])
        if not np.isfinite(rain[-1]) or not np.nansum(rain[-pause:]) > 0:
            return None
        told = np.full(leads, float(rain[-1]))
        at = until + np.rint(np.arange(1, leads + 1) * step_s * 1e6).astype(np.int64)
        above = np.array([[float(each >= line) for line in lines] for each in told]).reshape(leads, len(lines))
        total = leads * float(rain[-1])
        return SeriesForecast(
            until, at, told, 0.5 * told, 2 * told, 0.9, None, None, self.method, above, (total, total / 2, total * 2)
        )

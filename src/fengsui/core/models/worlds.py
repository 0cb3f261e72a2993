"""Live or exercise: every operational row belongs to one world, and no query may forget which."""

from __future__ import annotations

import uuid
from typing import Any, Self

from django.db import models

from fengsui.kernel.errors import FengsuiError

LIVE = uuid.UUID("00000000-0000-4000-8000-000000000001")
"""The one live world has a fixed key, so that an outgoing door can check it without a query."""


class UnscopedError(FengsuiError):
    """A query on operational rows did not say which world it means: a programming error, never shown as empty."""

    status = 500


class World(models.Model):
    """The live world, or one exercise (演练)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField("性质", max_length=8, choices=[("live", "实战"), ("exercise", "演练")])
    name = models.CharField("名称", max_length=120)
    started_at = models.DateTimeField("开始", null=True, blank=True)
    ended_at = models.DateTimeField("结束", null=True, blank=True)

    class Meta:
        verbose_name = "世界"
        constraints = [
            models.CheckConstraint(
                name="core_world_live_has_fixed_key",
                condition=models.Q(kind="exercise") | models.Q(id=LIVE),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_live(self) -> bool:
        return self.id == LIVE


class WorldQuerySet(models.QuerySet[Any]):
    """Refuses to touch the database until `.in_world(...)` or `.all_worlds("why")` was said.

    A related manager (`warning.bulletins`) is scoped by its parent row, which has one world.
    """

    _scoped = False

    def in_world(self, world: uuid.UUID | World) -> Self:
        chained = self.filter(world_id=world.id if isinstance(world, World) else world)
        chained._scoped = True
        return chained

    def all_worlds(self, why: str) -> Self:
        """For engines and checks that serve every world; `why` is for the reader."""
        if not why:
            raise ValueError("say why all worlds are meant")
        chained = self._chain()  # type: ignore[attr-defined] # the stubs leave Django's own hooks out
        chained._scoped = True
        return chained

    def _clone(self) -> Self:
        copy = super()._clone()  # type: ignore[misc]  # Django's own hook, untyped in the stubs
        copy._scoped = self._scoped
        return copy

    def _require_scope(self) -> None:
        if not self._scoped and "instance" not in self._hints:  # type: ignore[attr-defined]  # Django's own hook, untyped in the stubs
            raise UnscopedError("core.world.unscoped", model=self.model._meta.label)

    def _fetch_all(self) -> None:
        if self._result_cache is None:
            self._require_scope()
        super()._fetch_all()

    def iterator(self, *args: Any, **kwargs: Any) -> Any:
        self._require_scope()
        return super().iterator(*args, **kwargs)

    def count(self) -> int:
        self._require_scope()
        return super().count()

    def exists(self) -> bool:
        self._require_scope()
        return super().exists()

    def aggregate(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        self._require_scope()
        return super().aggregate(*args, **kwargs)

    def update(self, **kwargs: Any) -> int:
        self._require_scope()
        return super().update(**kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        self._require_scope()
        return super().delete()


class WorldManager(models.Manager.from_queryset(WorldQuerySet)):  # type: ignore[misc]  # Django's own hook, untyped in the stubs
    """The default manager of operational rows."""


class InWorld(models.Model):
    """Base of every operational table. `_base_manager` stays plain, so following a key needs no scope."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    world = models.ForeignKey(World, on_delete=models.PROTECT, related_name="+", verbose_name="世界")

    objects = WorldManager()

    class Meta:
        abstract = True

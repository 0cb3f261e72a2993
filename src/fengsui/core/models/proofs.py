"""Last proofs of things that do not prove themselves by readings: outlets, contacts, links."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class LastProof(models.Model):
    """One row a thing. `failed_at` is the last test that went wrong; a later proof outweighs it.

    No world: outlets, people and links serve all of them. `half_life_s` only where it differs from its kind's.
    """

    kind = models.CharField("类别", max_length=40)
    key = models.CharField("对象", max_length=80)
    at = models.DateTimeField("最近证明", null=True)
    how = models.CharField("凭什么", max_length=200, blank=True)
    failed_at = models.DateTimeField("最近失败", null=True)
    failure = models.CharField("失败原因", max_length=300, blank=True)

    class Meta:
        verbose_name = "存活证明"
        constraints = [
            models.UniqueConstraint(fields=["kind", "key"], name="core_proof_once"),
            models.CheckConstraint(name="core_proof_failure_has_time", condition=Q(failure="") | ~Q(failed_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.key}"

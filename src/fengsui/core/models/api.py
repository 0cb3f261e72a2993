"""Answers that the API gave under an Idempotency-Key."""

from __future__ import annotations

from django.db import models


class GivenAnswer(models.Model):
    """One answer, kept a day. `digest` is of what was asked: the same key with another body is refused."""

    token = models.UUIDField("令牌")
    route = models.CharField("方法与地址", max_length=300)
    key = models.CharField("键", max_length=64)
    digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField("状态码")
    content_type = models.CharField(max_length=80)
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    at = models.DateTimeField("时间", db_index=True)

    class Meta:
        verbose_name = "接口答复"
        constraints = [models.UniqueConstraint(fields=["token", "route", "key"], name="core_given_answer_once")]

"""The record: stored events and a hash-chained audit. The database refuses UPDATE, DELETE and TRUNCATE."""

from __future__ import annotations

from django.db import models


class StoredEvent(models.Model):
    """What happened, in the past tense; handlers and indicators read this, nothing rewrites it."""

    name = models.CharField("事件", max_length=80)
    payload = models.JSONField("内容")
    world = models.ForeignKey("core.World", on_delete=models.PROTECT, related_name="+")
    about_type = models.CharField(max_length=60)
    about_id = models.CharField(max_length=60)
    correlation = models.UUIDField("链号")
    at = models.DateTimeField("时间")
    person_id = models.UUIDField(null=True)
    system = models.CharField(max_length=60, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["correlation", "id"], name="core_event_chain"),
            models.Index(fields=["about_type", "about_id", "id"], name="core_event_about"),
            models.Index(fields=["name", "id"], name="core_event_name"),
        ]


class AuditHead(models.Model):
    """Last number and hash of one subject's chain; its row lock orders writers."""

    subject = models.CharField(primary_key=True, max_length=130)
    n = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="")


class AuditRow(models.Model):
    """Who did what to which subject, for whom, from where, before and after, and why."""

    subject = models.CharField("对象", max_length=130)
    n = models.BigIntegerField("序号")
    event = models.ForeignKey(StoredEvent, on_delete=models.PROTECT, related_name="audit")
    at = models.DateTimeField("时间")
    verb = models.CharField("动作", max_length=80)
    person_id = models.UUIDField("人", null=True)
    system = models.CharField("系统部件", max_length=60, blank=True)
    world = models.ForeignKey("core.World", on_delete=models.PROTECT, related_name="+")
    correlation = models.UUIDField("链号")
    facts = models.TextField("事实", help_text="规范 JSON：before、after、payload、posts、source、reason")
    algorithm = models.CharField(max_length=8, default="sha256")
    prev_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subject", "n"], name="core_audit_one_number")]
        indexes = [
            models.Index(fields=["at"], name="core_audit_at"),
            models.Index(fields=["correlation", "id"], name="core_audit_chain"),
            models.Index(fields=["person_id", "at"], name="core_audit_person"),
        ]


class AuditCheckpoint(models.Model):
    """A daily seal over all chains: a chain that vanishes whole is noticed here."""

    made_at = models.DateTimeField()
    last_id = models.BigIntegerField()
    rows = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    prev_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)


class Handled(models.Model):
    """One row per event and handler, in the handler's transaction: a repeated job changes nothing."""

    event_id = models.BigIntegerField()
    handler = models.CharField(max_length=120)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event_id", "handler"], name="core_handled_once")]

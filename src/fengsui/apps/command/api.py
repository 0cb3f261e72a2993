"""Responses, tasks, orders and closures for programs."""

from ninja import Router

from fengsui.apps.command.programs import orders, responses, tasks

router = Router()
for part in (responses.router, tasks.router, orders.router):
    router.add_router("", part)

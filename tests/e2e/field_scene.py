"""Two accepted tasks for the team's leader: `python -m tests.e2e.field_scene`."""

from __future__ import annotations

import django


def main() -> None:
    django.setup()
    from django.db.transaction import atomic
    from django.utils import timezone

    from fengsui.apps.command import actions
    from fengsui.apps.command.actions.shared import start_task_clocks
    from fengsui.apps.command.models import Task
    from fengsui.apps.incidents import actions as incidents
    from fengsui.apps.people.models import Account, Post
    from fengsui.apps.people.queries import actor_for
    from fengsui.apps.places.models import Area
    from fengsui.core.worlds import LIVE

    now = timezone.now()
    duty, team = (actor_for(Account.objects.get(username=login).person_id, LIVE) for login in ("duty", "team"))
    area = Area.objects.filter(kind="subdistrict").order_by("code")[0]
    incident = incidents.open_incident(
        by=duty, now=now, source="phone", type_code="11B06", hazard="waterlogging", area=area, address="桥西口",
        known_at=now, summary="桥下积水",
    )  # fmt: skip
    post = Post.objects.get(pk__in=team.posts)
    for title in ("拦住车和人", "抽排"):
        with atomic():
            task = Task.objects.create(
                world_id=LIVE, incident=incident, code=title, title=title, role=post.role, owner_post=post,
                owner_org=post.org, deadline_s=3600, evidence=["text"], assigned_at=now,
            )  # fmt: skip
            start_task_clocks(task, duty, now)
        if title == "抽排":
            actions.accept_task(task_id=task.pk, by=team, now=now)


if __name__ == "__main__":
    main()

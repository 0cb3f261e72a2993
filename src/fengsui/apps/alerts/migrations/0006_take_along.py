"""What a delivery's job takes along: of the first jobs that wait in a priority, those of one outlet, with their rows.

A function, since only a function keeps its own settings: a table of jobs that was full and was vacuumed empty counts as
one row to the planner, and would be read whole (core 0015).
"""

from django.db import migrations, models

OFF = ("enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin", "enable_sort", "jit")
MAKE = f"""
CREATE FUNCTION alerts_take_along(
    p_outlet varchar, p_world uuid, p_priority integer, p_at timestamptz, p_look integer, p_most integer
) RETURNS TABLE (job bigint, delivery uuid) LANGUAGE plpgsql {" ".join(f"SET {name} = off" for name in OFF)}
AS $$
BEGIN
    RETURN QUERY
        SELECT j.id, d.id
        FROM (
            SELECT waiting.id FROM procrastinate_jobs AS waiting
            WHERE waiting.status = 'todo' AND waiting.priority = p_priority AND waiting.queue_name = 'deliver'
                AND waiting.task_name = 'alerts.deliver'
                AND (waiting.scheduled_at IS NULL OR waiting.scheduled_at <= p_at)
            ORDER BY waiting.priority DESC, waiting.id LIMIT p_look
        ) AS first
        JOIN procrastinate_jobs AS j ON j.id = first.id
        JOIN alerts_delivery AS d ON d.id = (j.args ->> 'delivery_id')::uuid
        WHERE j.status = 'todo' AND d.outlet_id = p_outlet AND d.world_id = p_world
            AND d.state IN ('pending', 'failed')
        ORDER BY first.id LIMIT p_most
        FOR UPDATE OF j, d SKIP LOCKED;
END;
$$;
"""
DROP = "DROP FUNCTION alerts_take_along(varchar, uuid, integer, timestamptz, integer, integer);"


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0005_mass"),
        ("core", "0015_fetch_in_two_steps"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state__in", ["pending", "failed", "dead", "sent"])),
                fields=["bulletin"],
                name="alerts_delivery_open",
            ),
        ),
        migrations.RunSQL(MAKE, DROP),
    ]

"""The next job is looked for, then taken: two statements where the library has one.

Index order alone (0014) was not enough. A table that was full, was vacuumed and is empty again counts as one row to the
planner, and then a scan of a whole index costs as much as a look into it: the comparison with jobs of the same lock and
the final update each read every waiting job [20 004 and 40 004 rows for one job, measured by
tests/contracts/test_fetch_plan.py]. Here a job without lock, which is nearly every one, is compared with nothing, and
the row is updated by its key. Which job is found has not changed.
"""

from django.db import migrations

BODY = """
BEGIN
    SELECT jobs.* INTO found_jobs
        FROM procrastinate_jobs AS jobs
        WHERE
            jobs.status = 'todo'
            AND (target_queue_names IS NULL OR jobs.queue_name = ANY (target_queue_names))
            AND (jobs.scheduled_at IS NULL OR jobs.scheduled_at <= now())
            AND (jobs.lock IS NULL OR NOT EXISTS (
                SELECT 1 FROM procrastinate_jobs AS other_jobs
                    WHERE other_jobs.lock = jobs.lock
                    AND (
                        other_jobs.status = 'doing'
                        OR (other_jobs.status = 'todo' AND (
                            other_jobs.priority > jobs.priority
                            OR (other_jobs.priority = jobs.priority AND other_jobs.id < jobs.id)
                        ))
                    )
            ))
        ORDER BY jobs.priority DESC, jobs.id ASC LIMIT 1
        FOR UPDATE OF jobs SKIP LOCKED;
    UPDATE procrastinate_jobs SET status = 'doing', worker_id = p_worker_id
        WHERE id = found_jobs.id
        RETURNING * INTO found_jobs;
    RETURN found_jobs;
END;
"""
OFF = ("enable_seqscan", "enable_bitmapscan", "enable_sort")
TAKE = f"""
CREATE OR REPLACE FUNCTION procrastinate_fetch_job_v2(target_queue_names character varying[], p_worker_id bigint)
    RETURNS procrastinate_jobs LANGUAGE plpgsql {" ".join(f"SET {name} = off" for name in OFF)}
AS $$
DECLARE
    found_jobs procrastinate_jobs;
{BODY}
$$;
"""
BEFORE = f"""
CREATE OR REPLACE FUNCTION procrastinate_fetch_job_v2(target_queue_names character varying[], p_worker_id bigint)
    RETURNS procrastinate_jobs LANGUAGE plpgsql {" ".join(f"SET {name} = off" for name in OFF)}
AS $$
DECLARE
    found_jobs procrastinate_jobs;
BEGIN
    WITH candidate AS (
        SELECT jobs.* FROM procrastinate_jobs AS jobs
            WHERE NOT EXISTS (
                SELECT 1 FROM procrastinate_jobs AS other_jobs
                    WHERE jobs.lock IS NOT NULL AND other_jobs.lock = jobs.lock
                    AND (other_jobs.status = 'doing' OR (other_jobs.status = 'todo' AND (
                        other_jobs.priority > jobs.priority
                        OR (other_jobs.priority = jobs.priority AND other_jobs.id < jobs.id))))
            )
            AND jobs.status = 'todo'
            AND (target_queue_names IS NULL OR jobs.queue_name = ANY (target_queue_names))
            AND (jobs.scheduled_at IS NULL OR jobs.scheduled_at <= now())
            ORDER BY jobs.priority DESC, jobs.id ASC LIMIT 1
            FOR UPDATE OF jobs SKIP LOCKED
    )
    UPDATE procrastinate_jobs SET status = 'doing', worker_id = p_worker_id
        FROM candidate WHERE procrastinate_jobs.id = candidate.id
        RETURNING procrastinate_jobs.* INTO found_jobs;
    RETURN found_jobs;
END;
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0014_fetch_plan")]
    operations = [migrations.RunSQL(TAKE, BEFORE)]

"""The next job is looked for along its index, however many wait.

PL/pgSQL keeps a query's plan. One made while no job waited compares every job with every other: with 100 000 put in at
once the next look of that worker ran for minutes and its lane stood still [found by bench/overload]. Without sorts and
scans of the whole there is one way left, the index by priority, whatever the statistics say of a table that was empty
a second ago.
"""

from django.db import migrations

FETCH = "procrastinate_fetch_job_v2(character varying[], bigint)"
OFF = ("enable_seqscan", "enable_bitmapscan", "enable_sort")
SET = f"""
{"".join(f"ALTER FUNCTION {FETCH} SET {name} = off;" for name in OFF)}
ALTER TABLE procrastinate_jobs SET (autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 2000,
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
"""
RESET = f"""
{"".join(f"ALTER FUNCTION {FETCH} RESET {name};" for name in OFF)}
ALTER TABLE procrastinate_jobs RESET (autovacuum_analyze_scale_factor, autovacuum_analyze_threshold,
    autovacuum_vacuum_scale_factor, autovacuum_vacuum_threshold);
"""


class Migration(migrations.Migration):
    dependencies = [("core", "0013_announce_in_one_trip"), ("procrastinate", "0041_post_retry_failed_job")]
    operations = [migrations.RunSQL(SET, RESET)]

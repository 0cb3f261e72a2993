"""Number, previous hash, hash, event, audit row and NOTIFY in one statement, for SHA-256 (docs/adr/0001).

`said` is the text that is hashed, built by core/record_text.py, without the number before it. The rights are the
caller's own.
"""

from django.db import migrations

MAKE = r"""
CREATE FUNCTION core_announce(
    verb text, payload jsonb, about text, kind text, key text, world uuid, chain uuid, moment timestamptz, who uuid,
    part text, facts text, said text, channel text, told text
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    number bigint := 1;
    before text := '';
    sealed text := encode(sha256(convert_to(E'\n[1,' || said, 'UTF8')), 'hex');
    stored bigint;
BEGIN
    -- The heads row is the chain's lock: number and previous hash are drawn under it, never from "the last row".
    -- A head that another transaction is about to write is waited for, then read again.
    LOOP
        INSERT INTO core_audithead (subject, n, hash) VALUES (about, 1, sealed) ON CONFLICT (subject) DO NOTHING;
        EXIT WHEN FOUND;
        SELECT h.n + 1, h.hash INTO number, before FROM core_audithead h WHERE h.subject = about FOR NO KEY UPDATE;
        IF FOUND THEN
            sealed := encode(sha256(convert_to(before || E'\n[' || number || ',' || said, 'UTF8')), 'hex');
            UPDATE core_audithead h SET n = number, hash = sealed WHERE h.subject = about;
            EXIT;
        END IF;
    END LOOP;
    INSERT INTO core_storedevent (name, payload, world_id, about_type, about_id, correlation, at, person_id, system)
    VALUES (verb, payload, world, kind, key, chain, moment, who, part) RETURNING id INTO stored;
    INSERT INTO core_auditrow (subject, n, event_id, at, verb, person_id, system, world_id, correlation, facts,
        algorithm, prev_hash, hash)
    VALUES (about, number, stored, moment, verb, who, part, world, chain, facts, 'sha256', before, sealed);
    IF told <> '' THEN
        PERFORM pg_notify(channel, told);
    END IF;
    RETURN stored;
END $$;
"""
DROP = (
    "DROP FUNCTION core_announce(text, jsonb, text, text, text, uuid, uuid, timestamptz, uuid, text, text, text, "
    "text, text);"
)


class Migration(migrations.Migration):
    dependencies = [("core", "0012_log_levels")]
    operations = [migrations.RunSQL(MAKE, DROP)]

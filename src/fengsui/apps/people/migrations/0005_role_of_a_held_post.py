from django.db import migrations

FORWARD = """
CREATE FUNCTION people_post_role_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM people_holding h WHERE h.post_id = NEW.id AND (h.until IS NULL OR h.until > now())) THEN
        RAISE EXCEPTION 'people.post.held: % is held; its role gives rights that were assigned by two persons', NEW.code
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER people_post_role_stays BEFORE UPDATE OF role ON people_post
    FOR EACH ROW WHEN (OLD.role IS DISTINCT FROM NEW.role) EXECUTE FUNCTION people_post_role_stays();
"""
BACK = """
DROP TRIGGER people_post_role_stays ON people_post;
DROP FUNCTION people_post_role_stays();
"""


class Migration(migrations.Migration):
    """Changing the role of a held post would give its holder rights past the second administrator."""

    dependencies = [("people", "0004_shifts")]
    operations = [migrations.RunSQL(FORWARD, BACK)]

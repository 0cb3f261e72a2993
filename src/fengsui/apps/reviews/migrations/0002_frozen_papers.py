"""A paper that is ready cannot be changed or removed."""

from django.db import migrations

FREEZE = """
CREATE FUNCTION reviews_keep_paper() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status = 'ready' THEN
        RAISE EXCEPTION 'paper % is frozen', OLD.id USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER reviews_paper_frozen BEFORE UPDATE OR DELETE ON reviews_paper
    FOR EACH ROW EXECUTE FUNCTION reviews_keep_paper();
"""
THAW = "DROP TRIGGER reviews_paper_frozen ON reviews_paper; DROP FUNCTION reviews_keep_paper();"


class Migration(migrations.Migration):
    dependencies = [("reviews", "0001_first")]
    operations = [migrations.RunSQL(FREEZE, THAW)]

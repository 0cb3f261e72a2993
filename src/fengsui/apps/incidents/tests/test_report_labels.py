"""The labels of report forms stand in the catalogue, so that an English reader is asked in English."""

from fengsui.apps.incidents import rules
from fengsui.apps.incidents.words import FIELD_LABELS


def test_every_label_of_a_report_is_marked_for_translation_and_no_other():
    assert set(FIELD_LABELS) == {label for rows in rules.FIELDS.values() for _code, label, _needed in rows}

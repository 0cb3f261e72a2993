"""The tutorial of docs/tutorials/first-storm.md, walked in a real browser: its screenshots come from here."""

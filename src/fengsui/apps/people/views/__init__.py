"""Pages of people: the door, one's own account, organisations, persons, posts, accounts."""

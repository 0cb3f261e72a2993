"""Pages of command: the room, tasks, orders, map layers."""

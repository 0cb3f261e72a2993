"""Pure arithmetic of reach: polylines on a local plane, what a closure covers, detours and their reasons."""

"""Rivers: levels forecast from their own past and what is upstream; routing, ratings, rain to discharge, terrain."""

"""A second machine that follows the private cluster and takes over: who leads, who may not, how it is told."""

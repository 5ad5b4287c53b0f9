"""A loop of one's own, watched and healed."""

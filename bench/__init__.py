"""`make bench`: our CPU per unit beside the naive way, in the same run."""

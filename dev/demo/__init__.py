"""`make demo`: one newsletter to 10,000 people through everything, and every number must add up."""

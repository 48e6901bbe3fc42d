"""What templates of delivery ask."""

"""What members and contacts type in. No rules live here: services have them."""

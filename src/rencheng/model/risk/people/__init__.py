"""What events do to people: presence, casualties, displacement, dangerous water, drowning."""

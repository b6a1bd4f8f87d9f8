"""What runs by itself: sensors' decisions, alerts."""

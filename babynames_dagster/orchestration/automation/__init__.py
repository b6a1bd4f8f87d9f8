"""What runs by itself: jobs, schedules, sensors and alerts.

What belongs here: when something runs, and who is notified of a failure. What does not: what a step does.
"""

"""One batch of contacts: looking before writing, sending, and matching each answer with its rows.

What sync, plan, apply and repair share. What does not belong here: which rows are sent, which is each one's own.
"""

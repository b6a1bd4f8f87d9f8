"""The documents: made from the code where they can be, compared with it where not."""

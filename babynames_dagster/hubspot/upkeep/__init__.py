"""What is done with contacts beside the sync: reading back, undoing, checking the account."""

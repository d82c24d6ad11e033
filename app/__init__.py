"""Hosted Inbox: a shared inbox for a team address whose mail lives somewhere else."""

"""
Knowledge of mail (RFC 5322 and what the world does with it), pure: bytes to values and back.

Deliberately not here: the database, the clock, the network. What these modules need of the
product (a channel's own addresses, the people of an account) comes in as arguments.
"""

"""
The house: what the product does, whoever knocks. A room per noun, entered by its face.

Services take `db` first and never commit: the door that opened the transaction ends it.
"""

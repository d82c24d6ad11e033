"""
Door 1, HTTP: the JSON API. One module per resource, its wire schemas above its routes.

Deliberately not here: decisions. A route loads nothing itself; it asks the rooms.
"""

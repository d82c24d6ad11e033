"""
Door 3, the clock: what is to be done without anybody knocking.

Deliberately not here: business rules. It executes rows and tidies; deciding happened elsewhere.
"""

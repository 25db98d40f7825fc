"""From plain words to a plan that can be checked at a glance.

understand -> draft -> check -> estimate -> ask or confirm. A model or a set of rules may say what
the words mean; every number keeps the words it came from, and code alone does units, arithmetic,
names, limits.
"""

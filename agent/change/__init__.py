"""Changes in mid-run: what differs, what it costs, whether it can be done, and doing it.

A change is written into the journal by another process than the run's (`microscout tell`), shown,
confirmed, and applied by the run between two visits, after it was weighed again.
"""

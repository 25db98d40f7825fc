"""What a lab has written down and run before: documents and past runs, found by meaning and word.

Text of documents is data. Nothing in here acts on what a passage says.
"""

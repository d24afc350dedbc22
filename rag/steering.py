"""Characters that do something to the reader's terminal: end a line, move the cursor, turn text round.

What strangers named and wrote is told by `ingest.ledger`, the sources and `api.console`.
"""

import re

STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")

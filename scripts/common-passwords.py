#!/usr/bin/env python3
"""Makes scheduling-api/data/common-passwords.bin from a list of common passwords, one a line, on standard input.

Kept: entries of six characters and more, in lower case; of each the first four bytes of its SHA-256, sorted. The list
in the repository was made from the 30,000 passwords of zxcvbn 4.5.0 (Dropbox, MIT licence):

    python3 -c 'from zxcvbn.frequency_lists import FREQUENCY_LISTS as lists; print(*lists["passwords"], sep="\\n")' \\
        | scripts/common-passwords.py > scheduling-api/data/common-passwords.bin
"""

import hashlib
import sys

words = {line.rstrip("\n").lower() for line in sys.stdin}
prefixes = {hashlib.sha256(word.encode()).digest()[:4] for word in words if len(word) >= 6}
sys.stdout.buffer.write(b"".join(sorted(prefixes)))

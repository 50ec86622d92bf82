"""The names of contents: SHA-256 in lower-case hexadecimal."""

import re

SHA256 = re.compile(r"[0-9a-f]{64}")

"""Logging: one line for each record, whatever is in it, as text or as JSON."""

import json
import logging
import time
from typing import Literal

LEVELS = ("debug", "info", "warning", "error")
FORMATS = ("text", "json")

Format = Literal["text", "json"]

_CONTROL = (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)
_ESCAPES = {code: repr(chr(code))[1:-1] for code in _CONTROL}


class TextFormatter(logging.Formatter):
    """A line for people. Control characters are escaped, so that nothing can forge a line."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The record and its traceback in one line."""
        return super().format(record).translate(_ESCAPES)


class JsonFormatter(logging.Formatter):
    """A line for programs."""

    converter = time.gmtime
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def format(self, record: logging.LogRecord) -> str:
        """The record as one JSON object."""
        document = {
            "time": self.formatTime(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            document["exception"] = self.formatException(record.exc_info)
        return json.dumps(document)


def set_up_logs(level: str, style: Format) -> None:
    """Send every record from `level` up to standard error. A second call replaces the first."""
    stream = logging.StreamHandler()
    stream.setFormatter(JsonFormatter() if style == "json" else TextFormatter())
    logging.basicConfig(level=level.upper(), handlers=[stream], force=True)
    # Their INFO tells of every request and every connection.
    for chatty in ("httpx", "httpcore", "websockets"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.root.level))

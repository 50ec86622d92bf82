"""The root of every message class."""

from typing import ClassVar

from attrs import frozen


@frozen(kw_only=True)
class Message:
    """What all messages have in common: their `type`."""

    type: ClassVar[str]

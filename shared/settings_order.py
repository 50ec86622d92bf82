"""The order in which settings are told to people."""

from typing import Any

from attrs import Attribute, AttrsInstance, fields, has


def in_order(cls: type[AttrsInstance]) -> list["Attribute[Any]"]:
    """A class's own settings, which matter most, then those of each class that it builds on.

    attrs itself puts those first that are inherited.
    """
    parts = [part for part in cls.__mro__ if has(part)]
    return [each for part in parts for each in fields(part) if not each.inherited]

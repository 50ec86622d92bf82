"""Which of the forks a server is, as far as it makes a difference."""

from enum import StrEnum
from typing import Any


class Flavour(StrEnum):
    """A family of servers that behave alike. reForge behaves like AUTOMATIC1111."""

    A1111 = "AUTOMATIC1111"
    FORGE = "Forge"
    SDNEXT = "SD.Next"

    @property
    def takes_schedulers(self) -> bool:
        """Whether a job may name a scheduler; SD.Next ignores the field without a word."""
        return self is not Flavour.SDNEXT

    def tells(self, field: str) -> bool:
        """Whether it says of its pictures what it has used for this field.

        SD.Next has words of its own for the second pass and the refiner.
        """
        is_of_first_pass = not field.startswith(("hr_", "refiner_"))
        return is_of_first_pass or self is not Flavour.SDNEXT

    def spelled(self, body: dict[str, Any]) -> dict[str, Any]:
        """The body as this server takes it: Forge breaks at a second pass without modules."""
        if self is Flavour.FORGE and body.get("enable_hr"):
            return {"hr_additional_modules": ["Use same choices"]} | body
        return body

    @property
    def vae_list(self) -> str:
        """The name of the list of VAE files."""
        return "sd-modules" if self is Flavour.FORGE else "sd-vae"


def flavour_of(paths: frozenset[str]) -> Flavour:
    """Return the flavour of a server with these routes."""
    if "/sdapi/v1/sd-modules" in paths:
        return Flavour.FORGE
    if {"/sdapi/v1/motd", "/sdapi/v1/status"} & paths:
        return Flavour.SDNEXT
    return Flavour.A1111

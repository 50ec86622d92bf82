"""The services that a connector is told to offer."""


def named(setting: str, text: str) -> tuple[str, ...]:
    """Return the names between commas. Raises `ValueError` when there is none."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise ValueError(f"{setting} must name at least one service")
    return names

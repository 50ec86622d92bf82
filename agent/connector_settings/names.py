"""Names of variables, and what more than one group of settings checks."""


def either(name: str, *others: str) -> tuple[str, ...]:
    """Return a variable's names: with `WORKER_` before it, without, and by other names."""
    return (f"WORKER_{name}", name, *others)


def http_url(text: str) -> str:
    """Read an address. Raises `ValueError` for one that is not http or https."""
    if not text.startswith(("http://", "https://")):
        raise ValueError("an address such as http://127.0.0.1:7860 is needed")
    return text.rstrip("/")

"""`python -m hub.asyncapi`: writes docs/asyncapi.json, and the messages in docs/protocol.md."""

import json
from pathlib import Path
from typing import Any

from hub.described import markdown, message_schema
from shared.messages import MESSAGES, Message
from shared.version import VERSION

PEERS = ("worker", "client", "monitor")
BEGIN, END = "<!-- messages: begin -->", "<!-- messages: end -->"


def document() -> dict[str, Any]:
    """The wire as an AsyncAPI 3 document; directions are the hub's."""
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "emp-job-queue", "version": VERSION},
        "defaultContentType": "application/json",
        "channels": {peer: _channel(peer) for peer in PEERS},
        "operations": dict(
            operation
            for peer in PEERS
            for operation in (_operation(peer, "receive"), _operation(peer, "send"))
        ),
        "components": {
            "messages": {
                name: {
                    "name": name,
                    "summary": " ".join((cls.__doc__ or "").split()),
                    "payload": message_schema(cls),
                }
                for name, cls in MESSAGES.items()
            }
        },
    }


def _channel(peer: str) -> dict[str, Any]:
    return {
        "address": f"/ws/{peer}/{{id}}",
        "parameters": {"id": {"description": f"the {peer}'s own name"}},
        "messages": {
            name: {"$ref": f"#/components/messages/{name}"}
            for name, cls in MESSAGES.items()
            if _is_spoken(cls, peer, "receive") or _is_spoken(cls, peer, "send")
        },
    }


def _operation(peer: str, action: str) -> tuple[str, dict[str, Any]]:
    return f"{action}_{peer}", {
        "action": action,
        "channel": {"$ref": f"#/channels/{peer}"},
        "messages": [
            {"$ref": f"#/channels/{peer}/messages/{name}"}
            for name, cls in MESSAGES.items()
            if _is_spoken(cls, peer, action)
        ],
    }


def _is_spoken(cls: type[Message], peer: str, action: str) -> bool:
    return (f"{peer} → hub" if action == "receive" else f"hub → {peer}") in cls.ways


def rewritten(page: str) -> str:
    """The page with its messages as they are now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{markdown()}\n{END}{after}"


def written() -> str:
    """The text of docs/asyncapi.json."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


def main(docs: Path = Path("docs")) -> None:
    """Bring both files up to date."""
    (docs / "asyncapi.json").write_text(written())
    page = docs / "protocol.md"
    page.write_text(rewritten(page.read_text()))


if __name__ == "__main__":
    main()

"""Addresses of an S3-compatible store that open one object, for one method and a while.

AWS Signature Version 4 in the query. obstore signs too, but no headers; and only a checksum that is
signed makes the store refuse other bytes than those that were announced.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from attrs import field, frozen

ALGORITHM = "AWS4-HMAC-SHA256"


@frozen
class Signer:
    """Who signs, for which region."""

    key_id: str
    secret: str = field(repr=False)
    region: str

    def signed(
        self,
        method: str,
        url: str,
        lasts_s: int,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        now: datetime | None = None,
    ) -> str:
        """`url` for who sends `method` with these very headers, in lower case, within `lasts_s`."""
        stamp = f"{now or datetime.now(UTC):%Y%m%dT%H%M%SZ}"
        scope = f"{stamp[:8]}/{self.region}/s3/aws4_request"
        place = urlsplit(url)
        sent = {"host": place.netloc, **(headers or {})}
        asked = {
            "X-Amz-Algorithm": ALGORITHM,
            "X-Amz-Credential": f"{self.key_id}/{scope}",
            "X-Amz-Date": stamp,
            "X-Amz-Expires": str(lasts_s),
            "X-Amz-SignedHeaders": ";".join(sorted(sent)),
            **(query or {}),
        }
        words = "&".join(f"{_plain(name)}={_plain(asked[name])}" for name in sorted(asked))
        request = "\n".join((
            *(method, quote(place.path, safe="/-_.~"), words),
            *(f"{name}:{sent[name]}" for name in sorted(sent)),
            *("", asked["X-Amz-SignedHeaders"], "UNSIGNED-PAYLOAD"),
        ))  # fmt: skip
        digest = hashlib.sha256(request.encode()).hexdigest()
        signature = self._signature(scope, f"{ALGORITHM}\n{stamp}\n{scope}\n{digest}")
        return f"{url}?{words}&X-Amz-Signature={signature}"

    def _signature(self, scope: str, text: str) -> str:
        key = f"AWS4{self.secret}".encode()
        for part in (*scope.split("/"), text):
            key = hmac.digest(key, part.encode(), "sha256")
        return key.hex()


def _plain(text: str) -> str:
    return quote(text, safe="-_.~")

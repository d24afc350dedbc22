"""Whether Slack sent a request: its signature over the body, at most five minutes old, compared in constant time.

Source: https://docs.slack.dev/authentication/verifying-requests-from-slack/
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")


def is_signed(body: bytes, headers: Mapping[str, str], secret: str) -> bool:
    """Whether the app's secret signed this body within the last five minutes."""
    from slack_sdk.signature import SignatureVerifier

    stamp, signature = headers.get("x-slack-request-timestamp", ""), headers.get("x-slack-signature", "")
    if not re.fullmatch(r"[0-9]{1,12}", stamp) or not _SIGNATURE.fullmatch(signature):
        return False
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:  # Slack sends none, and the verifier would fail
        return False
    return bool(SignatureVerifier(secret).is_valid(body, stamp, signature))

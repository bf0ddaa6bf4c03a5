"""What an upload's client sends (tus 1.0)."""

from __future__ import annotations

import base64

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

NAME = base64.b64encode("讲座.mp4".encode()).decode()


def ask(client: FlaskClient, method: str, path: str, token: str, body: bytes = b"", **headers: str) -> TestResponse:
    """A request of the client; `Some_Head` is sent as `Some-Head`, an empty one not at all."""
    sent = {"Tus-Resumable": "1.0.0", "X-CSRFToken": token}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    return client.open(path, method=method, headers={k: v for k, v in sent.items() if v}, data=body)


def begin(client: FlaskClient, token: str, size: int) -> str:
    """Announce a file; where its bytes go."""
    answer = ask(
        client, "POST", "/uploads", token, Upload_Length=str(size), Upload_Metadata=f"filename {NAME},kind dmlkZW8="
    )
    assert answer.status_code == 201, answer.text
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    assert answer.headers["Upload-Expires"].endswith("GMT")
    return answer.headers["Location"]


def patch(client: FlaskClient, token: str, path: str, offset: int, body: bytes, **headers: str) -> TestResponse:
    """Send a piece."""
    kind = headers.pop("Content_Type", "application/offset+octet-stream")
    return ask(client, "PATCH", path, token, body, Upload_Offset=str(offset), Content_Type=kind, **headers)

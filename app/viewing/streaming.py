"""How a lesson's material reaches the player: as HLS, as the uploaded file, as sound alone."""

from __future__ import annotations

from typing import TypedDict

from flask import request, url_for

from app.base.assets import static_url
from app.base.unit_of_work import session, settings
from app.courses.measuring import playable
from app.courses.origin import content_url, stream_urls
from app.courses.queries import Material
from app.courses.renditions import queries as renditions


class Stream(TypedDict):
    """What `stream.js` takes: addresses, or None. `library`: hls.js; `poster`: the picture of sound."""

    hls: str | None
    original: str | None
    audio_only: str | None
    library: str
    poster: str | None


def stream_of(material: Material) -> Stream:
    """The addresses of a lesson's material; all None while it is still being prepared."""
    version = material.media_version
    ready = renditions.stream_of(session(), version.id)
    hls, sound = stream_urls(settings(), request.host, ready)
    is_sound = material.lesson.kind == "audio"
    return {
        "hls": hls,
        "original": content_url(settings(), request.host, version) if playable(version.mime) else None,
        "audio_only": None if is_sound else sound,
        "library": static_url("vendor/hls.min.js"),
        "poster": url_for("courses.cover", media_version_id=version.id) if is_sound else None,
    }

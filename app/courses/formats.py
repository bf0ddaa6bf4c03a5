"""Which files are taken: by what they begin with, which demuxer may open them, and which codecs they may hold.

Two kinds: those that every browser of the floor plays as they are, and those that are prepared first (renditions).
"""

from __future__ import annotations

# Demuxer → (video codecs, audio codecs, mime of video, mime of audio): what every browser of the floor plays.
PLAYABLE = {
    "mov": ({"h264", "av1", "vp9"}, {"aac", "mp3", "opus", "flac"}, "video/mp4", "audio/mp4"),
    "matroska": ({"vp8", "vp9", "av1"}, {"opus", "vorbis"}, "video/webm", "audio/webm"),
    "mp3": (set[str](), {"mp3"}, "", "audio/mpeg"),
    "wav": (set[str](), {"pcm_s16le"}, "", "audio/wav"),
    "flac": (set[str](), {"flac"}, "", "audio/flac"),
}
PIXELS = {"yuv420p", "yuvj420p", "nv12"}
# Demuxer → (mime of video, mime of audio) of what has to be prepared. None of them is one that browsers are sent.
PREPARED = {
    "mov": ("video/quicktime", "audio/x-quicktime"),
    "matroska": ("video/x-matroska", "audio/x-matroska"),
    "mp3": ("", "audio/x-mpeg"),
    "wav": ("", "audio/x-wav"),
    "flac": ("", "audio/x-flac"),
    "asf": ("video/x-ms-wmv", "audio/x-ms-wma"),
    "avi": ("video/x-msvideo", "audio/x-msvideo"),
    "flv": ("video/x-flv", "audio/x-flv"),
    "ogg": ("video/ogg", "audio/ogg"),
    "mpeg": ("video/mpeg", "audio/x-mpeg-ps"),
    "mpegts": ("video/mp2t", "audio/mp2t"),
    "amr": ("", "audio/amr"),
}
# What is decoded to be prepared: the formats of thirty years of cameras and lecture halls, not every decoder there is.
VIDEO = frozenset({
    "h264", "hevc", "av1", "vp8", "vp9", "mpeg4", "mpeg2video", "mpeg1video", "msmpeg4v1", "msmpeg4v2", "msmpeg4v3",
    "wmv1", "wmv2", "wmv3", "vc1", "flv1", "h263", "vp6", "vp6f", "theora", "mjpeg", "prores", "dnxhd", "dvvideo",
})  # fmt: skip
SOUND = frozenset({
    "aac", "mp3", "mp2", "ac3", "eac3", "alac", "flac", "opus", "vorbis", "speex", "wmav1", "wmav2", "wmapro",
    "amr_nb", "amr_wb", "adpcm_ima_wav", "adpcm_ms", "adpcm_swf", "nellymoser", "pcm_u8", "pcm_s16le", "pcm_s16be",
    "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_f32le", "pcm_alaw", "pcm_mulaw",
})  # fmt: skip
_MAGIC = (
    (b"\x1a\x45\xdf\xa3", "matroska"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
    (b"fLaC", "flac"),
    (b"FLV\x01", "flv"),
    (b"OggS", "ogg"),
    (b"\x00\x00\x01\xba", "mpeg"),
    (b"#!AMR", "amr"),
)
# Media that cannot be measured or decoded here: told apart from what is no media at all, never opened.
TO_CONVERT = ((b"\x00\x00\x01\xb3", "MPEG"), (b".RMF", "RealMedia"))


def demuxer_of(head: bytes) -> str | None:
    """The one demuxer that may open a file which begins so (its first 8 KiB); None when none may."""
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return "mov"
    if head.startswith(b"RIFF") and head[8:12] in (b"WAVE", b"AVI "):
        return "wav" if head[8:12] == b"WAVE" else "avi"
    for magic, demuxer in _MAGIC:
        if head.startswith(magic):
            return demuxer
    if any(all(head[at : at + 1] == b"\x47" for at in range(begin, begin + 3 * step, step)) for begin, step in
           ((0, 188), (4, 192))):  # fmt: skip
        return "mpegts"
    if head.startswith(b"ID3") or (len(head) > 3 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2):
        return "mp3"
    return None

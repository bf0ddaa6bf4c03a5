"""Small real PDF files, made on the spot, and ways of spoiling them."""

from __future__ import annotations

from collections.abc import Sequence


def make_pdf(
    texts: Sequence[str] = ("Page one",),
    *,
    size: tuple[float, float] = (595, 842),
    trailer: str = "",
    catalogue: str = "",
    extra: Sequence[str] = (),
) -> bytes:
    """A PDF with a page for each (ASCII) text; `size` in points. `trailer`, `catalogue`: more entries of these
    dictionaries; `extra`: more objects, numbered on from the last page's."""
    first = 4
    kids = " ".join(f"{first + 2 * at} 0 R" for at in range(len(texts)))
    objects = [
        f"<< /Type /Catalog /Pages 2 0 R {catalogue} >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(texts)} >>",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    for at, text in enumerate(texts):
        drawn = f"BT /F1 24 Tf 72 {size[1] - 100} Td ({text}) Tj ET"
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {size[0]} {size[1]}] /Contents {first + 2 * at + 1} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>"
        )
        objects.append(f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream")
    objects += extra
    return _written(objects, trailer)


def _written(objects: Sequence[str], trailer: str) -> bytes:
    raw, places = b"%PDF-1.7\n", []
    for number, text in enumerate(objects, 1):
        places.append(len(raw))
        raw += f"{number} 0 obj\n{text}\nendobj\n".encode()
    table = len(raw)
    raw += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    raw += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    return raw + f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R {trailer} >>\nstartxref\n{table}\n%%EOF\n".encode()


def locked_pdf() -> bytes:
    """A PDF that opens with a password which nobody knows."""
    secret = "41" * 32
    lock = f"/Encrypt << /Filter /Standard /V 1 /R 2 /Length 40 /P -4 /O <{secret}> /U <{secret}> >>"
    return make_pdf(trailer=f"{lock} /ID [<{'42' * 16}> <{'42' * 16}>]")


def scripted_pdf() -> bytes:
    """A PDF whose script would run when a reader with a script engine opens it."""
    return make_pdf(catalogue="/OpenAction << /S /JavaScript /JS (app.alert('run'); this.getField('x');) >>")

"""The import desk: choose a file, say what the columns are, see what would change, apply, undo."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from app.base import audit, clock, runs
from app.base.access import guard
from app.base.errors import NotFound, Refused
from app.base.runs import Run
from app.base.unit_of_work import database, session, settings
from app.roster import export, files, looking, queries, service, shown, staging, words
from app.roster.forms import ApplyForm, FileForm, WithdrawForm
from app.roster.importing import Subject
from app.roster.looking import File
from app.roster.opening import report
from app.roster.opening.report import Checked
from app.roster.subjects import SUBJECTS
from app.rules.roster import headings
from app.rules.roster.balances import Sum

bp = Blueprint("roster", __name__, template_folder="templates", url_prefix="/desk/import")
Page = str | Response | tuple[str, int]
NEED = "roster.import"


@bp.get("")
@guard(NEED)
def desk() -> str:
    """The file field, and what was imported before."""
    return _desk(FileForm(day=_today(), source=request.args.get("source", "")[:60]))


@bp.post("")
@guard(NEED)
def take() -> Page:
    """Take a file and begin to look at it."""
    form = FileForm()
    if not form.validate_on_submit():
        return _desk(form), 422
    raw = form.file.data.stream.read(files.MOST_BYTES + 1)
    try:
        if len(raw) > files.MOST_BYTES:
            raise files.BadFile("too_large")
        given = File(raw, form.file.data.filename or "", (form.sheet.data or "").strip())
        run_id = service.begin_look(
            session(),
            settings(),
            given,
            form.source.data,
            form.day.data or _today(),
            current_user.person_id,
            what=form.what.data,
        )
    except Refused as refused:
        named: Any = getattr(form, refused.field or "file", form.file)
        named.errors = [refused.text]
        return _desk(form), refused.status
    return redirect(url_for("roster.look", run_id=run_id))


@bp.get("/look/<int:run_id>")
@guard(NEED)
def look(run_id: int) -> Page:
    """What a file says and what it would change."""
    run = _run(run_id)
    return _look(run, _apply_form(run))


@bp.post("/look/<int:run_id>/columns")
@guard(NEED)
def columns(run_id: int) -> Page:
    """Look again, with columns as somebody said."""
    run = _run(run_id)
    chosen: dict[str, str] = {}
    for column in _columns(run):
        field = request.form.get(f"column-{column['place']}", "")
        if column["heading"]:
            chosen[headings.plain(column["heading"])] = field if field in _subject(run).fields else ""
    given = [field for field in chosen.values() if field]
    twice = sorted({looking.field_word(field) for field in given if given.count(field) > 1})
    if twice:
        text = _("Two columns cannot be the same: %(columns)s.", columns=", ".join(twice))
        return _look(run, _apply_form(run), wrong=str(text), chosen=chosen), 422
    parameters = run.parameters
    file = File(b"", parameters["name"], parameters["sheet"])
    made = service.begin_look(
        session(), settings(), file, parameters["source"], date.fromisoformat(parameters["day"]),
        current_user.person_id, chosen, staged=parameters["file"], what=_what(run),
    )  # fmt: skip
    return redirect(url_for("roster.look", run_id=made))


@bp.post("/look/<int:run_id>/again")
@guard(NEED)
def again(run_id: int) -> Response:
    """Look at the same file again: people have changed meanwhile."""
    run = _run(run_id)
    parameters = run.parameters
    made = service.begin_look(
        session(), settings(), File(b"", parameters["name"], parameters["sheet"]), parameters["source"],
        date.fromisoformat(parameters["day"]), current_user.person_id, parameters["columns"], staged=parameters["file"],
        what=_what(run),
    )  # fmt: skip
    return redirect(url_for("roster.look", run_id=made))


@bp.post("/look/<int:run_id>/apply")
@guard(NEED)
def apply(run_id: int) -> Page:
    """Apply what was shown, as a run of its own."""
    run = _run(run_id)
    form = _apply_form(run)
    if not form.validate_on_submit():
        return _look(run, form), 422
    found = run.result or {}
    if found.get("state") != "shown":
        raise Refused(_("There is nothing to apply yet."))
    if _many(found) and not form.many_may_leave.data:
        form.many_may_leave.errors = [
            *form.many_may_leave.errors,
            _("More leave than a roster may close unasked. Confirm it, or correct the file."),
        ]
        return _look(run, form), 422
    made = service.begin_apply(session(), run, current_user.person_id, many_may_leave=bool(form.many_may_leave.data))
    return redirect(url_for("roster.work", run_id=made))


@bp.get("/work/<int:run_id>")
@guard(NEED)
def work(run_id: int) -> Page:
    """How far applying or undoing is; then the report, or why there is none."""
    run = _run(run_id, service.APPLY, service.UNDO)
    found = run.result or {}
    if found.get("state") == "applied":
        return redirect(url_for("roster.one", import_id=found["import"]))
    if found.get("state") == "undone":
        return redirect(url_for("roster.one", import_id=run.parameters["import_id"]))
    return render_template("roster/work.html", run=run, state=found.get("state", ""), undoing=run.kind == service.UNDO)


@bp.get("/look/<int:run_id>/wrong.csv")
@guard(NEED)
def wrong_file(run_id: int) -> Response:
    """The rows that are wrong, for whoever mends the file."""
    run = _run(run_id)
    detail = _detail(run)
    if detail is None or run.result is None:
        raise NotFound(_("What was found in this file is not kept any more. Look at the file again."))
    answer = Response(shown.wrong_csv(run.result, detail), mimetype="text/csv; charset=utf-8")
    answer.headers.set("Content-Disposition", "attachment", filename=f"roster-{run.id}-wrong.csv")
    return answer


@bp.get("/<int:import_id>")
@guard(NEED)
def one(import_id: int) -> str:
    """The report of an import, and the way to undo it."""
    row = queries.find_import(session(), import_id)
    if row is None:
        raise NotFound(_("There is no such import."))
    pages = -(-(row.undo or {}).get("conflicts", 0) // shown.PAGE)
    page = min(max(1, request.args.get("page", 1, type=int)), max(1, pages))
    left = service.conflicts(session(), import_id, (page - 1) * shown.PAGE, shown.PAGE)
    return render_template(
        "roster/one.html", row=row, left=left, page=page, pages=pages, said=words.conflict,
        page_url=lambda number: url_for("roster.one", import_id=import_id, page=number),
        **(_checked(report.after(session(), import_id)) if row.what == service.OPENING else {}),
    )  # fmt: skip


@bp.post("/<int:import_id>/undo")
@guard(NEED)
def undo(import_id: int) -> Response:
    """Undo an import, as a run."""
    run_id = service.begin_undo(session(), import_id, current_user.person_id)
    flash(_("Undoing has begun."), "done")
    return redirect(url_for("roster.work", run_id=run_id))


@bp.get("/export.<ending>")
@guard(NEED)
def everybody(ending: str) -> Response:
    """Everybody as a file that this desk reads again."""
    forms = {
        "xlsx": (export.as_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        "csv": (export.as_csv, "text/csv; charset=utf-8"),
    }
    if ending not in forms:
        raise NotFound(_("There is nothing at this address. It may have been withdrawn."))
    make, kind = forms[ending]
    answer = Response(make(session()), mimetype=kind)
    with database().writing() as writer:
        audit.record(writer, current_user.person_id, "roster.export", "academy", form=ending)
    answer.headers.set("Content-Disposition", "attachment", filename=f"roster-{_today().isoformat()}.{ending}")
    return answer


def _checked(rows: list[Checked]) -> dict[str, Any]:
    """The reconciliation for a page: all in one, and what differs."""
    apart = [each for each in rows if each.apart]
    return {"whole": report.whole(rows), "places": len(rows), "apart": apart[: shown.PAGE], "differing": len(apart)}


def _today() -> date:
    return clock.local_day(clock.now(), settings().timezone)


def _desk(form: FileForm) -> str:
    known = queries.sources(session())
    return render_template("roster/desk.html", form=form, imports=queries.imports(session()), sources=known)


def _run(run_id: int, *kinds: str) -> Run:
    run = runs.one(session(), run_id)
    if run is None or run.kind not in (kinds or (service.LOOK,)):
        raise NotFound(_("There is no such computation, or it is not yours to see."))
    return run


def _what(run: Run) -> str:
    return str(run.parameters.get("what", service.ROSTER))


def _subject(run: Run) -> Subject:
    return SUBJECTS[_what(run)]


def _apply_form(run: Run) -> ApplyForm:
    return ApplyForm() if _what(run) == service.ROSTER else WithdrawForm()


def _detail(run: Run) -> dict[str, Any] | None:
    name = (run.result or {}).get("detail")
    try:
        return dict(staging.load_json(settings(), name)) if name else None
    except staging.Gone:
        return None


def _columns(run: Run) -> list[dict[str, Any]]:
    """The columns as they stand in the file, with what each was taken for."""
    found = run.result or {}
    if "asked" in found:
        return list(found["asked"])
    return list((_detail(run) or {}).get("columns", []))


def _many(found: dict[str, Any]) -> bool:
    return bool(found["closing"] * 100 > found["base"] * settings().roster_leaving_percent)


def _look(run: Run, form: ApplyForm, wrong: str = "", chosen: dict[str, str] | None = None) -> str:
    found = run.result or {}
    state = "running" if run.is_open else found.get("state", "failed")
    detail = _detail(run) if state == "shown" else None
    if state == "shown" and detail is None:
        state = "gone"
    asks = state == "columns" or request.args.get("step") == "columns" or bool(wrong)
    view: dict[str, Any] = {}
    if asks and state in ("columns", "shown"):
        view = {
            "columns": _columns(run),
            "fields": [(f, looking.field_word(f)) for f in _subject(run).fields],
            "chosen": chosen or {},
        }
        view["missing"] = looking.missing_text(found["missing"]) if state == "columns" else ""
        return render_template("roster/columns.html", run=run, state=state, wrong=wrong, plain=headings.plain, **view)
    if state == "shown" and detail is not None:
        tabs = shown.tabs(found)
        kind = request.args.get("show", "")
        if kind not in [each[0] for each in tabs]:
            kind = next((k for k, _w, count in tabs if count), "new")
        view = {
            "tabs": tabs, "lines": shown.page_of(found, detail, kind, request.args.get("page", 1, type=int)),
            "page_url": lambda page: url_for("roster.look", run_id=run.id, show=kind, page=page),
            "bar": shown.bar(found["counts"]), "many": _many(found),
            "capped": kind in detail["changes"] and len(detail["changes"][kind]) < found["counts"][kind],
            "does": sum(found["counts"][k] for k in ("new", "changed", "moved", "leaving")),
        }  # fmt: skip
        if "sums" in detail:
            view |= _checked(report.before([Sum(*each) for each in detail["sums"]]))
    told = files.said(found["code"], found["facts"]) if state == "refused" else ""
    return render_template("roster/look.html", run=run, state=state, found=found, told=told, form=form, **view)

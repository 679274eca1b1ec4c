"""Exporting one's own posts."""

from flask import Blueprint, Response, abort, current_app, flash, jsonify, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user, login_required
from sqlalchemy import delete, select

from microblog.export_queue import ExportQueue, QueueUnavailable
from microblog.extensions import db
from microblog.models import Export

pages = Blueprint("exports", __name__)

SHOWN = 10


def request_export(user_id: int) -> Export:
    """Note the request and hand it to the workers.

    :raises QueueUnavailable: Redis does not answer; nothing is noted then.
    """
    queue: ExportQueue = current_app.extensions["export_queue"]
    export = Export(user_id=user_id)
    db.session.add(export)
    # The worker may be faster than this request: the row has to be there first.
    db.session.commit()
    export_id = export.id
    try:
        queue.enqueue(export)
    except QueueUnavailable:
        db.session.execute(delete(Export).where(Export.id == export_id))
        db.session.commit()
        raise
    return export


def own_export(export_id: str) -> Export:
    export = db.get_or_404(Export, export_id)
    if export.user_id != current_user.id:
        abort(404)
    return export


def describe(export: Export) -> dict[str, object]:
    """An export and its progress, as the page's script and the API's clients read it."""
    progress = current_app.extensions["export_queue"].progress(export)
    return {
        "id": export.id,
        "state": progress.state,
        "done": progress.done,
        "total": progress.total,
        "attempts": export.attempts,
        "requested_at": f"{export.requested_at.isoformat()}Z",
        "status_url": url_for("exports.status", export_id=export.id),
        "download_url": url_for("exports.download", export_id=export.id) if progress.state == "finished" else None,
    }


@pages.get("/exports")
@login_required
def overview() -> ResponseReturnValue:
    query = select(Export).where(Export.user_id == current_user.id).order_by(Export.requested_at.desc(), Export.id)
    exports = [(export, describe(export)) for export in db.session.scalars(query.limit(SHOWN))]
    enabled = current_app.extensions["export_queue"].enabled
    return render_template("exports.html", exports=exports, enabled=enabled)


@pages.post("/exports")
@login_required
def start() -> ResponseReturnValue:
    if not current_app.extensions["export_queue"].enabled:
        abort(404)
    try:
        request_export(current_user.id)
    except QueueUnavailable as error:
        current_app.logger.error("Redis does not answer: %s", error)
        flash(_("Exports cannot be started right now. Please try again later."))
    return redirect(url_for("exports.overview"))


@pages.get("/exports/<export_id>/status")
@login_required
def status(export_id: str) -> ResponseReturnValue:
    return jsonify(describe(own_export(export_id)))


@pages.get("/exports/<export_id>/download")
@login_required
def download(export_id: str) -> ResponseReturnValue:
    export = own_export(export_id)
    if export.finished_at is None or export.content is None:
        abort(404)
    name = f"microblog-{current_user.username}-{export.finished_at:%Y%m%d-%H%M%S}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(export.content, content_type="application/json; charset=utf-8", headers=headers)

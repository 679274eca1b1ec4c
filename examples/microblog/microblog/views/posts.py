"""The timeline, a person's page, and writing, deleting and translating posts."""

from flask import Blueprint, abort, current_app, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user, login_required
from sqlalchemy import select

from microblog.extensions import db
from microblog.forms import PostForm
from microblog.models import Post, User
from microblog.timeline import delete_post, read_page, write_post
from microblog.translator import TranslatorUnavailable
from microblog.views.targets import here, local_target

pages = Blueprint("posts", __name__)


@pages.app_context_processor
def for_templates() -> dict[str, object]:
    return {"can_translate": current_app.extensions["translator"].enabled, "here": here}


@pages.route("/", methods=["GET", "POST"])
def timeline() -> ResponseReturnValue:
    form = PostForm()
    if request.method == "POST" and not current_user.is_authenticated:
        return current_app.login_manager.unauthorized()
    if form.validate_on_submit():
        write_post(current_user, form.body.data)
        return redirect(url_for("posts.timeline"))
    before = request.args.get("before", type=int)
    return render_template("timeline.html", form=form, page=read_page(before), first=before is None)


@pages.get("/people/<username>")
def person(username: str) -> ResponseReturnValue:
    user = db.first_or_404(select(User).where(User.username == username))
    before = request.args.get("before", type=int)
    return render_template("person.html", user=user, page=read_page(before, user), first=before is None)


@pages.post("/posts/<int:post_id>/delete")
@login_required
def delete(post_id: int) -> ResponseReturnValue:
    post = db.get_or_404(Post, post_id)
    if post.author_id != current_user.id:
        abort(403, _("This is somebody else's post."))
    delete_post(post)
    flash(_("The post is deleted."))
    return redirect(local_target(request.form.get("next"), url_for("posts.timeline")))


@pages.post("/posts/<int:post_id>/translation")
@login_required
def translation(post_id: int) -> ResponseReturnValue:
    translator = current_app.extensions["translator"]
    if not translator.enabled:
        abort(404)
    post = db.get_or_404(Post, post_id)
    try:
        return jsonify(text=translator.translate(post.body, str(get_locale())))
    except TranslatorUnavailable as error:
        current_app.logger.warning("post %s was not translated: %s", post_id, error)
        return jsonify(error=_("The translator does not answer.")), 503

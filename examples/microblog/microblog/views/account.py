"""Registering, logging in and out, and a new password by mail."""

from flask import Blueprint, current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user, login_user, logout_user
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import NotFound

from microblog.extensions import db
from microblog.forms import ForgottenForm, LoginForm, RegisterForm, ResetForm
from microblog.mail import MailUnavailable
from microblog.models import User
from microblog.views.targets import local_target

pages = Blueprint("account", __name__)

RESET_SECONDS = 3600


def _start_session(user: User) -> None:
    login_user(user)
    session.permanent = True


@pages.route("/register", methods=["GET", "POST"])
def register() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect(url_for("posts.timeline"))
    form = RegisterForm()
    if form.validate_on_submit():
        user = User(username=form.username.data, email=form.email.data)
        user.set_password(form.password.data)
        db.session.add(user)
        try:
            db.session.commit()
        except IntegrityError:
            db.session.rollback()
            form.username.errors = [*form.username.errors, _("This name or address is taken.")]
        else:
            _start_session(user)
            flash(_("Welcome, %(name)s!", name=user.username))
            return redirect(url_for("posts.timeline"))
    return render_template("account/register.html", form=form)


@pages.route("/login", methods=["GET", "POST"])
def login() -> ResponseReturnValue:
    target = local_target(request.args.get("next"), url_for("posts.timeline"))
    if current_user.is_authenticated:
        return redirect(target)
    form = LoginForm()
    if form.validate_on_submit():
        user = db.session.scalar(select(User).where(User.username == form.username.data))
        if user is not None and user.has_password(form.password.data):
            _start_session(user)
            return redirect(target)
        form.password.errors = [*form.password.errors, _("Name or password is wrong.")]
    mail = current_app.extensions["mailer"].enabled
    return render_template("account/login.html", form=form, can_reset=mail)


@pages.post("/logout")
def logout() -> ResponseReturnValue:
    logout_user()
    flash(_("You are logged out."))
    return redirect(url_for("posts.timeline"))


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="password-reset")


@pages.route("/forgotten", methods=["GET", "POST"])
def forgotten() -> ResponseReturnValue:
    mailer = current_app.extensions["mailer"]
    if not mailer.enabled:
        raise NotFound()
    form = ForgottenForm()
    if form.validate_on_submit():
        user = db.session.scalar(select(User).where(User.email == form.email.data))
        if user is not None:
            # The end of the old hash makes the link useless as soon as the password has changed.
            token = _serializer().dumps([user.id, user.password_hash[-12:]])
            link = url_for("account.reset", token=token, _external=True)
            text = _("Choose a new password within an hour:\n\n%(link)s\n", link=link)
            try:
                mailer.send(user.email, _("A new password for Microblog"), text)
            except MailUnavailable as error:
                current_app.logger.error("the mail server did not take a message: %s", error)
                flash(_("No mail can be sent right now. Please try again later."))
                return render_template("account/forgotten.html", form=form), 503
        # The answer is the same for an unknown address: it tells nobody who has an account.
        flash(_("If there is an account with this address, a mail is on its way."))
        return redirect(url_for("account.login"))
    return render_template("account/forgotten.html", form=form)


@pages.route("/reset/<token>", methods=["GET", "POST"])
def reset(token: str) -> ResponseReturnValue:
    try:
        user_id, hash_end = _serializer().loads(token, max_age=RESET_SECONDS)
    except BadSignature:
        user = None
    else:
        user = db.session.get(User, user_id)
    if user is None or not user.password_hash.endswith(hash_end):
        flash(_("This link is not valid any more."))
        return redirect(url_for("account.login"))
    form = ResetForm()
    if form.validate_on_submit():
        user.set_password(form.password.data)
        db.session.commit()
        flash(_("Your password is changed. Log in with it."))
        return redirect(url_for("account.login"))
    return render_template("account/reset.html", form=form)

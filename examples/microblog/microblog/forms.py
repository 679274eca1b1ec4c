"""The forms; what they accept is what the database can hold."""

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from wtforms import Field, PasswordField, StringField, TextAreaField
from wtforms.validators import EqualTo, InputRequired, Length, Regexp

from microblog.models import POST_LENGTH

USERNAME = r"^[a-z0-9][a-z0-9-]{1,30}[a-z0-9]$"
EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"


def lowered(text: str | None) -> str | None:
    return text.strip().lower() if text else text


def stripped(text: str | None) -> str | None:
    return text.strip().replace("\r\n", "\n") if text else text


class VisibleText(InputRequired):
    """Wants more than blanks, and counts what is stored: a browser sends a line's end as two characters."""

    def __call__(self, form: FlaskForm, field: Field) -> None:
        if not field.data:
            field.raw_data = []
        super().__call__(form, field)


class LoginForm(FlaskForm):
    username = StringField(_("Name"), filters=[lowered], validators=[InputRequired()])
    password = PasswordField(_("Password"), validators=[InputRequired()])


class ForgottenForm(FlaskForm):
    email = StringField(_("E-mail"), filters=[lowered], validators=[InputRequired(), Length(max=190), Regexp(EMAIL)])


class ResetForm(FlaskForm):
    password = PasswordField(_("Password"), validators=[InputRequired(), Length(min=10, max=200)])
    repeat = PasswordField(_("Password again"), validators=[EqualTo("password", _("The passwords differ."))])


class RegisterForm(ResetForm):
    username = StringField(
        _("Name"),
        filters=[lowered],
        validators=[InputRequired(), Regexp(USERNAME, message=_("3 to 32 letters a-z, digits and hyphens."))],
    )
    email = StringField(
        _("E-mail"),
        filters=[lowered],
        validators=[
            InputRequired(),
            Length(max=190),
            Regexp(EMAIL, message=_("This is no e-mail address.")),
        ],
    )


class PostForm(FlaskForm):
    body = TextAreaField(_("What is new?"), filters=[stripped], validators=[VisibleText(), Length(max=POST_LENGTH)])

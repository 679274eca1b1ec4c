"""Outgoing mail; without MAIL_SERVER it is off."""

import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any


class MailUnavailable(RuntimeError):
    """The mail server did not take the message."""


@dataclass(frozen=True)
class Mailer:
    """Sends mail through one server."""

    server: str
    port: int
    use_tls: bool
    username: str
    password: str = field(repr=False)
    sender: str

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> "Mailer":
        names = ("SERVER", "PORT", "USE_TLS", "USERNAME", "PASSWORD", "SENDER")
        return cls(*(settings[f"MAIL_{name}"] for name in names))

    @property
    def enabled(self) -> bool:
        return bool(self.server)

    def send(self, recipient: str, subject: str, text: str) -> None:
        """Send one message.

        :raises MailUnavailable: the server did not take it within a few seconds.
        """
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self.sender, recipient, subject
        message.set_content(text)
        try:
            with smtplib.SMTP(self.server, self.port, timeout=5) as connection:
                if self.use_tls:
                    connection.starttls(context=ssl.create_default_context())
                if self.username:
                    connection.login(self.username, self.password)
                connection.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            raise MailUnavailable(type(error).__name__) from error

"""Translation of posts by Microsoft's Translator (REST API, version 3.0); without MS_TRANSLATOR_KEY it is off."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class TranslatorUnavailable(RuntimeError):
    """The translator did not answer, or not with a translation."""


@dataclass(frozen=True)
class Translator:
    """Translates short texts; the source language is for the service to find out."""

    url: str
    region: str
    key: str = field(repr=False)

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> "Translator":
        return cls(settings["MS_TRANSLATOR_URL"], settings["MS_TRANSLATOR_REGION"], settings["MS_TRANSLATOR_KEY"])

    @property
    def enabled(self) -> bool:
        return bool(self.key)

    def translate(self, text: str, language: str) -> str:
        """Translate a text.

        :param language: the language to translate to, as in `de`.
        :raises TranslatorUnavailable: there is no translation to be had now.
        """
        query = urllib.parse.urlencode({"api-version": "3.0", "to": language})
        headers = {"Content-Type": "application/json", "Ocp-Apim-Subscription-Key": self.key}
        if self.region:
            headers["Ocp-Apim-Subscription-Region"] = self.region
        body = json.dumps([{"Text": text}]).encode()
        request = urllib.request.Request(f"{self.url}/translate?{query}", data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return json.load(answer)[0]["translations"][0]["text"]
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise TranslatorUnavailable(type(error).__name__) from error

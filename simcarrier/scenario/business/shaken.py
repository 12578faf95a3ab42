"""STIR/SHAKEN at the carrier: whose signatures on callers it believes, and what it does about the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from ..base import Location, Model
from ..fields import FileField, Flag, Text
from .fields import duration, one_of

NONE = "none"
"""Written for a file: there is none. A file of that name is ``./none``."""

LONGEST = 86_400.0
"""Seconds of freshness at most; a statement about one call is old after a day."""


class ShakenModel(Model):
    """What the carrier makes of the Identity of a call (RFC 8224)."""

    trust: FileField | None = Field(
        default=None, description="The PEM file of the authorities to believe; nobody is believed if not said."
    )
    certificates: dict[Text, FileField] = Field(
        default_factory=dict,
        description="The PEM files that stand for web addresses of certificates (x5u); nothing is fetched.",
    )
    demand: Flag = Field(default=False, description="Whether a call without Identity counts as one that fails.")
    policy: Annotated[str, one_of("pass", "label", "answer")] = Field(
        default="pass",
        description="What becomes of a call that fails: pass; label: it goes on, with a Reason in the responses; "
        "answer: it is refused.",
    )
    freshness: Annotated[float, duration(1.0, LONGEST, "a time from 1s to 24h")] = Field(
        default=60.0, description="How old a statement may be.", json_schema_extra={"default": "60s"}
    )

    @classmethod
    def _reshape(cls, data: Any) -> Any:
        """A file that is `NONE` is not said, so that a parameter can leave it open."""
        if not isinstance(data, Mapping):
            return data
        known = data.get("certificates")
        if isinstance(known, Mapping):
            data = {**data, "certificates": {x5u: file for x5u, file in known.items() if file != NONE}}
        return {key: value for key, value in data.items() if (key, value) != ("trust", NONE)}

    @model_validator(mode="after")
    def _files_hold_certificates(self) -> Self:
        try:
            from ...trust.pki import PkiError, load_chain  # slow to import, and rarely needed
        except ImportError as why:
            raise ValueError(str(why)) from None
        try:
            for path in (self.trust, *self.certificates.values()):
                if path is not None:
                    load_chain(path)
        except PkiError as why:
            raise ValueError(str(why)) from None
        return self


def faults(carrier: Mapping[Any, Any]) -> Iterator[tuple[Location, str]]:
    """What contradicts itself between several entries; locations are relative to ``carrier``."""
    yield from ()

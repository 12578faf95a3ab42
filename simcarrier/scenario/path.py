"""The path of a call: which kinds of network it crosses on its way to whoever answers it.

The carrier comes first, the network of the person called last; both speak SIP. A refusal travels back along it, and
loses something at every network that speaks ISUP.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import InitErrorDetails, core_schema

from ..sip.isup import Profile
from .base import Location, Model, fault
from .business.fields import one_of, with_short_form


class HopModel(Model):
    """A network that the call crosses."""

    through: Annotated[str, one_of("sip", "isup")] = Field(description="What it speaks: sip or isup.")
    profile: Annotated[str, one_of("practice", "rfc")] = Field(
        default=Profile.PRACTICE.value, description="What 607 and 608 become there: cause 21 (practice) or 31 (rfc)."
    )
    location: Annotated[str, one_of("kept", "lost")] = Field(
        default="kept", description="Whether the Reason that comes out of it tells where the cause arose."
    )

    @classmethod
    def _reshape(cls, data: Any) -> Any:
        return {"through": data} if isinstance(data, str) else data

    @classmethod
    def _inspect(cls, data: Any) -> Iterator[InitErrorDetails]:
        if isinstance(data, Mapping) and data.get("through") == "sip":
            for key in ("profile", "location"):
                if data.get(key) is not None:
                    yield fault("goes with through: isup", (key,))

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return with_short_form(schema, handler, {"type": "string", "enum": ["sip", "isup"]})


def faults(carrier: Mapping[Any, Any]) -> Iterator[tuple[Location, str]]:
    """What is wrong with the order of the networks; locations are relative to ``carrier``."""
    written = carrier.get("path")
    if not isinstance(written, list | tuple) or not written:
        return
    kinds = [hop.get("through") if isinstance(hop, Mapping) else hop for hop in written]
    for place in (0, len(kinds) - 1):
        if kinds[place] == "isup":
            yield ("path", place), "must be sip: the carrier and the network of the person called speak SIP"
    for place in range(1, len(kinds)):
        if kinds[place] == kinds[place - 1] == "isup":
            yield ("path", place), "must not follow another isup: two such networks in a row are one"

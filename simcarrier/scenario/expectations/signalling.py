"""How the dialler speaks SIP."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from .base import ConductModel, ExpectationModel
from .fields import Codes, CodesField, Count, RuleNames, Time, only


class FinalResponses(ConductModel):
    """Every final response is acknowledged."""

    key: ClassVar[str] = "final_responses"
    reason: ClassVar[str] = (
        "A response without its ACK is repeated for 32 s, and the call holds what it holds for as long "
        "(RFC 3261 section 17.1.1.3)."
    )
    premise: ClassVar[str] = "no call had a final response"

    final_responses: Annotated[str, only("acknowledged")] = Field(description="What must become of them.")
    within: Time = Field(default=5.0, description="How long after the response the ACK may come, repetitions included.")


class RegistrationRenewed(ConductModel):
    """After a refusal for want of a registration the dialler registers again."""

    key: ClassVar[str] = "registration"
    reason: ClassVar[str] = (
        "When a registration has lapsed every call fails, by 403 at one carrier and 404 or 503 at others: "
        "look at the registration before the list."
    )
    premise: ClassVar[str] = "no call was refused like that"
    wire: ClassVar[bool] = True

    registration: Annotated[str, only("renewed")] = Field(description="What must become of it.")
    codes: CodesField = Field(default=Codes.parse("403"), description="By which responses.")
    within: Time = Field(default=30.0, description="How long after the response a REGISTER must have been granted.")


class ConductExpectation(ExpectationModel):
    """The dialler breaks no rule of SIP on the wire."""

    key: ClassVar[str] = "conduct"
    reason: ClassVar[str] = (
        "What one carrier lets pass another refuses: a wrong branch or a missing tag fails where it hurts most."
    )
    premise: ClassVar[str] = "no call came"
    wire: ClassVar[bool] = True

    conduct: Annotated[str, only("clean")] = Field(description="How it must be.")
    ignore: RuleNames = Field(default=(), description="Rules that may be broken, by their names.")
    at_most: Count = Field(default=0, description="So many breaches may pass.")
    at_least: Count = Field(default=1, description="So many calls at least must have come.")

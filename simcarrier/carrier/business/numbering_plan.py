"""The reading of dialled numbers: from any of their forms to E.164, by one country's prefixes.

A string of digits can be read in several ways. Whoever dials 8 in Russia means the trunk (8 495 ...), another country
(8 10 ...), or an 800 number without any prefix at all. A plan decides in this order:

1. a plus: E.164;
2. the international prefix: the rest is E.164;
3. the trunk prefix, then the country code, then no prefix. Where the plan knows how long national numbers are, a
   reading that gives such a length goes before one that doesn't. Among what is left, a form that the carrier takes goes
   before one that it refuses.

Where the lengths are not known a number that begins with the trunk prefix is not read as one without a prefix.
"""

from __future__ import annotations

from typing import Final

from simcarrier.scenario.business.numbering import Form, NumberingModel
from simcarrier.scenario.patterns import NumberPattern

SEPARATORS: Final = str.maketrans("", "", "-.() ")
"""Visual separators of telephone numbers (RFC 3966 section 5.1.1), and the blank of those who write them by hand."""

ANY_LENGTH: Final = 2**31
"""More digits than any number has: no limit."""

LONGEST_TOLD = 24
"""Characters of a number in a report. A number has 16 with its plus; what is longer is none, or bent on mischief."""

_SECOND_DIGITS: Final = {
    "2": "07",
    "3": "0123469",
    "4": "013456789",
    "5": "12345678",
    "6": "0123456",
    "8": "1246",
    "9": "0123458",
}
TWO_DIGITS: Final = frozenset(first + second for first, seconds in _SECOND_DIGITS.items() for second in seconds)
"""Country codes of two digits (ITU-T E.164, list of assigned codes); 1 and 7 have one, all others three."""


Reading = tuple[Form, str, int | None]
"""How a number was dialled, the number in E.164 form, and how many digits it has behind the country code: None for
another country's number. A plain tuple, for one is made for every call."""

ALL_FORMS: Final = frozenset(Form)
_BY_USE: Final = (Form.NATIONAL, Form.BARE_NATIONAL, Form.COUNTRY_CODE, Form.E164, Form.INTERNATIONAL_PREFIX)


def told(number: str) -> str:
    """A number as it stands in a report: what a caller sent is cut short, and shows nothing but what can be printed."""
    short = number if len(number) <= LONGEST_TOLD else f"{number[:LONGEST_TOLD]}..."
    return short if short.isprintable() else ascii(short)[1:-1]


def country_of(number: str) -> str:
    """The country code of a number in E.164 form, with its plus."""
    digits = number[1:]
    if digits[:1] in ("1", "7"):
        return number[:2]
    return number[:3] if digits[:2] in TWO_DIGITS else number[:4]


class NumberingPlan:
    """How a carrier reads numbers.

    Args:
        model: the scenario's plan.
        taken: the forms to prefer where there is a choice; those of the model if None.

    Attributes:
        taken: the forms in which it takes numbers.
        shortest, longest: how many digits national numbers have.
    """

    def __init__(self, model: NumberingModel, taken: frozenset[Form] | None = None) -> None:
        self.taken = frozenset(model.forms_taken) if taken is None else taken
        self._country = model.country
        self._plus = f"+{model.country or ''}"
        self._trunk = model.trunk_prefix
        self._international = model.international_prefix
        lengths = model.lengths
        self._knows_lengths = lengths is not None
        self.shortest = 1 if lengths is None else max(1, lengths.first)
        self.longest = ANY_LENGTH if lengths is None or lengths.last is None else lengths.last
        # What most numbers are: a prefix that is taken, and the right number of digits behind it.
        usual = ((Form.NATIONAL, self._trunk), (Form.COUNTRY_CODE, self._country))
        self._usual = tuple((form, prefix, len(prefix)) for form, prefix in usual if prefix and form in self.taken)
        self._examples = {
            Form.NATIONAL: f"{self._trunk}..." if self._trunk else "national numbers",
            Form.COUNTRY_CODE: f"{self._country}..." if self._country else "numbers that begin with the country code",
            Form.E164: f"{self._plus}...",
            Form.INTERNATIONAL_PREFIX: f"{self._international}...",
            Form.BARE_NATIONAL: "national numbers without a prefix",
        }

    def read(self, dialled: str) -> Reading | None:
        """A number in E.164 form.

        Args:
            dialled: the user part of a URI, whatever stands in it.

        Returns:
            The reading, which may be in a form that is not taken; None if it can't be read as a number at all.
        """
        plus = dialled[:1] == "+"
        digits = dialled[1:] if plus else dialled
        if not (digits.isdecimal() and digits.isascii()):
            dialled = dialled.translate(SEPARATORS)
            plus = dialled[:1] == "+"
            digits = dialled[1:] if plus else dialled
            if not (digits.isdecimal() and digits.isascii()):
                return None
        if plus:
            form, number = Form.E164, dialled
        elif digits.startswith(self._international):
            form, number = Form.INTERNATIONAL_PREFIX, "+" + digits[len(self._international) :]
        elif self._country is None:
            form, number = Form.COUNTRY_CODE, "+" + digits
        else:
            return self._domestic(digits)
        if number[1:2] in ("", "0"):
            return None  # no country code begins with a zero
        plus_country = self._plus
        if self._country is not None and number.startswith(plus_country):
            return form, number, len(number) - len(plus_country)
        return form, number, None

    def _domestic(self, digits: str) -> Reading:
        """One of the country's own numbers."""
        for form, prefix, length in self._usual:
            if digits.startswith(prefix):
                national = len(digits) - length
                if not self._knows_lengths or self.shortest <= national <= self.longest:
                    return form, self._plus + digits[length:], national
        return self._doubtful(digits)

    def _doubtful(self, digits: str) -> Reading:
        """One that can be read in several ways, or that is in a form that is not taken."""
        country, trunk = self._country or "", self._trunk
        prefixed: list[tuple[Form, str]] = []
        bare = [(Form.BARE_NATIONAL, digits)]
        if not trunk:
            bare.insert(0, (Form.NATIONAL, digits))
        elif digits.startswith(trunk):
            prefixed.append((Form.NATIONAL, digits[len(trunk) :]))
        trunked = bool(prefixed)
        if digits.startswith(country):
            prefixed.append((Form.COUNTRY_CODE, digits[len(country) :]))
        fitting: list[tuple[Form, str]] = []
        if self._knows_lengths:
            fitting = [found for found in prefixed + bare if self.shortest <= len(found[1]) <= self.longest]
        # If nothing fits, the prefix that was dialled tells what was meant.
        meant = prefixed if trunked or (prefixed and self._knows_lengths) else prefixed + bare
        readings = fitting + meant
        form, national = next((found for found in readings if found[0] in self.taken), readings[0])
        return form, self._plus + national, len(national)

    def normal(self, number: str) -> str:
        """A number in E.164 form from whatever form it has; what is no number comes back as it is."""
        if number[:1] == "+" and number[1:].isdecimal() and number.isascii():
            return number  # the usual one is there already
        reading = self.read(number)
        return number if reading is None else reading[1]

    def normal_pattern(self, pattern: NumberPattern) -> NumberPattern:
        """A pattern for normal numbers: ``030*`` becomes ``+4930*``. Regular expressions stay as they are."""
        return NumberPattern(
            frozenset(self.normal(number) for number in pattern.exact),
            tuple(self._normal_prefix(prefix) for prefix in pattern.prefixes),
            pattern.regexes,
            pattern.anything,
            pattern.negated,
            pattern.source,
        )

    def _normal_prefix(self, prefix: str) -> str:
        if not (prefix.isdecimal() and prefix.isascii()):
            return prefix
        if prefix.startswith(self._international):
            return f"+{prefix[len(self._international) :]}"
        country, trunk = self._country, self._trunk
        if country is None:
            return f"+{prefix}"
        if trunk and prefix.startswith(trunk):
            return f"{self._plus}{prefix[len(trunk) :]}"
        return f"+{prefix}" if prefix.startswith(country) else f"{self._plus}{prefix}"

    def refusal(self, dialled: str, reading: Reading | None) -> str:
        """Why a form is not taken: how the number was dialled, and what the carrier takes instead."""
        choices = [self._examples[form] for form in sorted(self.taken, key=_BY_USE.index)]
        takes = " or ".join([", ".join(choices[:-1]), choices[-1]] if len(choices) > 1 else choices)
        if reading is None:
            how = told(dialled) or "nothing"
        else:
            form, number, national = reading
            how = self._examples[form]
            if form is Form.BARE_NATIONAL or (form is Form.NATIONAL and not self._trunk):
                how = f"{dialled[:3]}..."
            elif form is Form.E164 and national is None:
                how = f"{country_of(number)}..."
            elif form is Form.COUNTRY_CODE and self._country is None:
                how = f"{country_of(number)[1:]}..."
        return f"dialled as {how}, the carrier takes {takes}"

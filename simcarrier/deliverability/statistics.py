"""The few tail probabilities that are needed, from the incomplete beta function; and intervals for shares.

The function is evaluated by its continued fraction (Abramowitz and Stegun 26.5.8, with the method of Lentz), good to
some 12 digits, which no decision here comes near.
"""

from __future__ import annotations

from math import exp, lgamma, log, log1p, sqrt

_TINY = 1e-300
_MOST_TERMS = 10_000
_ENOUGH = 1e-15


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b); a, b > 0."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    if x > (a + 1) / (a + b + 2):  # where the fraction converges slowly, the other end is asked
        return 1 - incomplete_beta(b, a, 1 - x)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > _TINY else _TINY)
    total = d
    for m in range(1, _MOST_TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for step in (even, odd):
            d = 1 + step * d
            d = 1 / (d if abs(d) > _TINY else _TINY)
            c = 1 + step / c
            c = c if abs(c) > _TINY else _TINY
            total *= c * d
        if abs(c * d - 1) < _ENOUGH:
            break
    return front * total


def binomial_tail(hits: int, of: int, chance: float) -> float:
    """How likely ``hits`` or more out of ``of`` are, each with that chance."""
    if hits <= 0:
        return 1.0
    if hits > of:
        return 0.0
    return incomplete_beta(hits, of - hits + 1, chance)


def f_tail(value: float, above: float, below: float) -> float:
    """How likely a value of the F distribution with so many degrees of freedom is that large, or larger."""
    if value <= 0:
        return 1.0
    return incomplete_beta(below / 2, above / 2, below / (below + above * value))


def interval(hits: int, of: int, z: float = 1.96) -> tuple[float, float]:
    """Between which shares the true one lies, with 95 % confidence (Wilson's score interval); (0, 1) of nothing."""
    if not of:
        return 0.0, 1.0
    share, weight = hits / of, z * z / of
    middle = (share + weight / 2) / (1 + weight)
    half = z * sqrt(share * (1 - share) / of + weight / (4 * of)) / (1 + weight)
    return max(0.0, middle - half), min(1.0, middle + half)

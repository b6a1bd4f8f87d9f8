"""What is wrong with a setting, said for people: in place of pydantic's own texts; and names that were misspelt."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

_PROBLEMS = {
    "bool_parsing": "must be true or false",
    "dict_type": 'must be a JSON object, such as {{"company": "babynames"}}',
    "finite_number": "must be a finite number",
    "float_parsing": "must be a number",
    "greater_than": "must be more than {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "less_than": "must be less than {lt:g}",
    "less_than_equal": "must be at most {le:g}",
    "literal_error": "must be {expected}",
    "string_type": "must be text",
    "tuple_type": "must be a JSON list of texts, or one text",
}
"""By pydantic's type of error (docs.pydantic.dev, "Validation Errors"); the braces are filled from its context."""

_CLOSE = 0.82


def problem_of(error: Mapping[str, Any]) -> str:
    """Return what is wrong with a value, as the end of a sentence that begins with it.

    Args:
        error: One entry of `ValidationError.errors()`.
    """
    template = _PROBLEMS.get(str(error["type"]))
    if template is None:
        return str(error["msg"]).removeprefix("Value error, ")
    context = dict(error.get("ctx", {}))
    if "expected" in context:
        context["expected"] = str(context["expected"]).replace("'", "")
    return template.format(**context)


def misspelt(given: Iterable[str], known: Iterable[str]) -> dict[str, str]:
    """Return the names that are no setting and look much like one: what was meant, by what was given.

    A setting that is given as well was not meant by another name.
    """
    names, settings = set(given), set(known)
    found = {}
    for name in sorted(names - settings):
        near = get_close_matches(name.removesuffix("_FILE"), sorted(settings - names), n=1, cutoff=_CLOSE)
        if near and name.removesuffix("_FILE") not in settings:
            found[name] = near[0]
    return found

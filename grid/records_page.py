"""The field tables of ``docs/records.md``, made from the record models so that they cannot go
stale. ``python -m grid.schema_export`` puts them between the page's markers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from grid.masking import MASKS
from grid.models import RECORD_TYPES, field_labels, field_policies, type_label
from grid.models.common import CLOCK_PATTERN, DATE_PATTERN, GRID_PATTERN, INSTANT_PATTERN, Record
from grid.models.common import RECORD_ID_PATTERN as RECORD_PATTERN
from grid.permissions import SUPERVISOR_FIELDS
from grid.policy import Merge

BEGIN: Final = "<!-- Field tables, written by `make types` from the models in grid/. -->\n"
END: Final = "<!-- End of the field tables. -->\n"
_HEAD: Final = "| field | 中文 | kind | merge |\n|---|---|---|---|\n"
_PATTERNS: Final[Mapping[str, str]] = {
    CLOCK_PATTERN: "clock",
    INSTANT_PATTERN: "instant (UTC)",
    DATE_PATTERN: "date",
    GRID_PATTERN: "grid code",
    RECORD_PATTERN: "record id",
}
_PLAIN: Final[Mapping[str, str]] = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
}
_BOOKKEEPING: Final[Mapping[str, str]] = {"stamps": "field by field", "merge": "written anew"}
"""What the merge itself does to fields that no policy decides."""
_COMMON: Final = frozenset(info.alias or name for name, info in Record.model_fields.items())


def with_tables(page: str, schema: Mapping[str, Any]) -> str:
    """Return the page with the field tables between its markers; raise ``ValueError`` without."""
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError("docs/records.md has lost the markers of its field tables")
    return head + BEGIN + "\n" + record_tables(schema) + "\n" + END + tail


def record_tables(schema: Mapping[str, Any]) -> str:
    """Return a table of the fields that all records have, then one for each record type."""
    definitions = schema["$defs"]
    first = next(iter(RECORD_TYPES))
    parts = ["### All records\n\n", _HEAD, *_rows(definitions, first, common=True)]
    for name in RECORD_TYPES:
        chinese, english = type_label(name)
        parts += [f"\n### `{name}`, {english} {chinese}\n\n", _HEAD]
        parts += _rows(definitions, name, common=False)
    return "".join(parts)


def _rows(definitions: Mapping[str, Any], type_name: str, *, common: bool) -> Iterator[str]:
    definition = definitions[RECORD_TYPES[type_name].__name__]
    labels, policies = field_labels(type_name), field_policies(type_name)
    for name, member in definition["properties"].items():
        if (name in _COMMON) is not common:
            continue
        notes = ["name of the type" if name == "type" else _kind(member, definitions)]
        if name in definition.get("required", ()):
            notes.append("**required**")
        if name in MASKS:
            notes.append("masked")
        if name in SUPERVISOR_FIELDS.get(type_name, ()):
            notes.append("supervisors only")
        merge = _BOOKKEEPING.get(name) or _merge(policies[name])
        yield f"| `{name}` | {labels[name].zh} | {', '.join(notes)} | {merge} |\n"


def _merge(merge: Merge) -> str:
    by = f" by `{merge.key}`" if merge.key else ""
    return f"{merge.policy.value.replace('-', ' ')}{by}"


def _kind(member: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """Say in a few words what a field holds."""
    choices = [one for one in member.get("anyOf", (member,)) if one.get("type") != "null"]
    return " or ".join(_one_kind(one, definitions) for one in choices)


def _one_kind(member: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    if "$ref" in member:
        target = definitions[member["$ref"].rpartition("/")[2]]
        if "x-dictionary" in target:
            return f"code of `{target['x-dictionary']}`"
        return "object (" + ", ".join(f"`{name}`" for name in target["properties"]) + ")"
    if "const" in member:
        return f"`{member['const']}`"
    if "enum" in member:
        return "one of " + ", ".join(f"`{value}`" for value in member["enum"])
    if "pattern" in member:
        return _PATTERNS.get(member["pattern"], "text")
    kind = member.get("type")
    if kind == "array":
        return f"list of {_kind(member['items'], definitions)}"
    if kind == "object":
        inner = member.get("additionalProperties")
        return f"object, each {_kind(inner, definitions)}" if isinstance(inner, dict) else "object"
    most = f" to {member['maxLength']}" if "maxLength" in member else ""
    return _PLAIN.get(str(kind), "anything") + most

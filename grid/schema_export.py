"""The models for other languages: JSON Schema, and through it TypeScript types, labels and coded
lists for the worker's app.

``python -m grid.schema_export`` writes ``pwa/src/generated/`` and the tables of
``docs/records.md``; with ``--check`` it writes nothing and fails, naming the file, when one is
stale. Needs Node.js for the types.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic.json_schema import models_json_schema

from grid.dictionaries import CHOICES, DICTIONARIES, RESTRICTED_CATEGORIES
from grid.lifecycle import CONTESTED, OPEN_STATES
from grid.masking import MASKS
from grid.models import (
    RECORD_TYPES,
    UPCASTS,
    field_labels,
    field_policies,
    schema_version,
    type_label,
)
from grid.policy import Merge
from grid.records_page import with_tables

ROOT: Final = Path(__file__).resolve().parents[1]
GENERATED: Final = ROOT / "pwa" / "src" / "generated"
RECORDS_PAGE: Final = ROOT / "docs" / "records.md"
TYPES_SCRIPT: Final = ROOT / "scripts" / "types.mjs"
BANNER: Final = (
    "// Written by `python -m grid.schema_export` from the models in grid/. Do not edit.\n"
)


def record_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of all record types.

    Beside the standard's keywords a field has ``title`` (Chinese), ``x-en``, ``x-merge`` (its merge
    policy), ``x-personal`` where it is masked in lists, and ``x-dictionary`` where it is coded.
    """
    _, schema = models_json_schema(
        [(model, "validation") for model in RECORD_TYPES.values()], by_alias=True
    )
    definitions: dict[str, Any] = schema["$defs"]
    for definition in definitions.values():
        _name_members(definition)
    for type_name, model in RECORD_TYPES.items():
        _annotate(type_name, definitions[model.__name__])
    _share_dictionaries(definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "AnyRecord",
        "oneOf": [{"$ref": f"#/$defs/{model.__name__}"} for model in RECORD_TYPES.values()],
        "$defs": dict(sorted(definitions.items())),
    }


def _name_members(definition: dict[str, Any]) -> None:
    """Say ``x-en`` for the English label; drop titles that pydantic made up from names."""
    for member in definition.get("properties", {}).values():
        if "en" in member:
            member["x-en"] = member.pop("en")
        else:
            member.pop("title", None)


def _annotate(type_name: str, definition: dict[str, Any]) -> None:
    definition["x-label"] = list(type_label(type_name))
    if RECORD_TYPES[type_name].NATURAL_KEY:
        definition["x-natural-key"] = list(RECORD_TYPES[type_name].NATURAL_KEY)
    policies = field_policies(type_name)
    for name, member in definition["properties"].items():
        member["x-merge"] = _merge(policies[name])
        if name in MASKS:
            member["x-personal"] = True


def _merge(merge: Merge) -> dict[str, str]:
    parts = {"policy": merge.policy.value, "key": merge.key, "lattice": merge.lattice}
    return {name: value for name, value in parts.items() if value is not None}


def _share_dictionaries(definitions: dict[str, Any]) -> None:
    """Give each coded list one definition instead of its codes in every field."""

    def share(node: Any) -> None:
        for child in node.values() if isinstance(node, dict) else node:
            if isinstance(child, dict) and "x-dictionary" in child and "enum" in child:
                name = _code_type(child["x-dictionary"])
                shared[name] = {key: child.pop(key) for key in ("enum", "type", "x-dictionary")} | {
                    "title": name
                }
                child["$ref"] = f"#/$defs/{name}"
            if isinstance(child, dict | list):
                share(child)

    shared: dict[str, Any] = {}
    share(definitions)
    definitions.update(shared)


def _code_type(dictionary: str) -> str:
    return "".join(word.capitalize() for word in dictionary.split("_")) + "Code"


def labels_source() -> str:
    """Return ``labels.ts``: what record types and their fields are called."""
    types = {name: list(type_label(name)) for name in RECORD_TYPES}
    fields = {
        name: {field: list(label) for field, label in field_labels(name).items()}
        for name in RECORD_TYPES
    }
    personal = sorted(MASKS)
    return (
        BANNER
        + "/** Words in Chinese and English. */\n"
        + "export type Words = readonly [zh: string, en: string];\n"
        + _constant("TYPE_LABELS", types, "Record<string, Words>", "Record types.")
        + _constant(
            "FIELD_LABELS",
            fields,
            "Record<string, Record<string, Words>>",
            "Fields of each record type, in the order of forms.",
        )
        + _constant("PERSONAL_FIELDS", personal, "readonly string[]", "Fields masked in lists.")
    )


def dictionaries_source() -> str:
    """Return ``dictionaries.ts``: the coded lists and the words of short choices."""
    lists = {
        dictionary.name: {
            "version": dictionary.version,
            "stdRef": dictionary.std_ref,
            "entries": [[code, *words] for code, words in dictionary.labels.items()],
        }
        for dictionary in DICTIONARIES.values()
    }
    choices = {
        name: [[code, *words] for code, words in words.items()] for name, words in CHOICES.items()
    }
    return (
        BANNER
        + "/** One code with its words. */\n"
        + "export type Entry = readonly [code: string, zh: string, en: string];\n"
        + "/** A coded list, the standard it follows and the version of its entries. */\n"
        + "export interface Dictionary {\n"
        + "\treadonly version: number;\n\treadonly stdRef: string;\n"
        + "\treadonly entries: readonly Entry[];\n}\n"
        + _constant("DICTIONARIES", lists, "Record<string, Dictionary>", "Coded lists by name.")
        + _constant(
            "CHOICES",
            choices,
            "Record<string, readonly Entry[]>",
            "Values of short choices, by `type.field`.",
        )
        + _constant(
            "RESTRICTED_CATEGORIES",
            sorted(RESTRICTED_CATEGORIES),
            "readonly string[]",
            "Event categories that only few may see.",
        )
        + _constant(
            "OPEN_STATES",
            sorted(OPEN_STATES),
            "readonly string[]",
            "Event states in which somebody still has to act.",
        )
        + _constant(
            "CONTESTED", CONTESTED, "string", "The event state that a person has to rule on."
        )
    )


def schemas_source() -> str:
    """Return ``schemas.ts``: the schema of each record type, and how older ones are brought up."""
    recodes = {
        type_name: [
            {
                "since": recode.since,
                "old": recode.old,
                "new": recode.new,
                "values": [list(pair) for pair in recode.values],
            }
            for recode in rewrites
        ]
        for type_name, rewrites in UPCASTS.items()
    }
    return (
        BANNER
        + "/** A field that got another name, its values others. */\n"
        + "export interface Recode {\n\treadonly since: number;\n\treadonly old: string;\n"
        + "\treadonly new: string;\n"
        + "\treadonly values: readonly (readonly [old: unknown, new: unknown])[];\n}\n"
        + _constant(
            "SCHEMAS",
            {name: schema_version(name) for name in RECORD_TYPES},
            "Record<string, number>",
            "Schema of each record type that this app writes.",
        )
        + "/** How records of older schemas are brought up to date, by type. */\n"
        + "export const UPCASTS: Record<string, readonly Recode[]> = "
        + f"{json.dumps(recodes, ensure_ascii=False, indent=chr(9))};\n"
    )


def _constant(name: str, value: object, kind: str, comment: str) -> str:
    """Return an exported constant, one line per entry so that a change shows in a diff."""
    return f"/** {comment} */\nexport const {name}: {kind} = {_compact(value)};\n"


def _compact(value: object, depth: int = 0) -> str:
    """Write lists of plain values on one line, everything else one member a line."""
    tabs = "\t" * (depth + 1)
    if isinstance(value, Mapping):
        lines = [
            f"{tabs}{json.dumps(key, ensure_ascii=False)}: {_compact(member, depth + 1)},\n"
            for key, member in value.items()
        ]
    elif isinstance(value, list) and any(isinstance(member, list) for member in value):
        lines = [f"{tabs}{_compact(member, depth + 1)},\n" for member in value]
    else:
        return json.dumps(value, ensure_ascii=False)
    opening, closing = ("{", "}") if isinstance(value, Mapping) else ("[", "]")
    return f"{opening}\n{''.join(lines)}{tabs[1:]}{closing}"


def generated_files() -> dict[Path, str]:
    """Return what the files that need no Node.js should hold."""
    schema = record_schema()
    return {
        GENERATED / "schema.json": json.dumps(schema, ensure_ascii=False, indent="\t") + "\n",
        RECORDS_PAGE: with_tables(RECORDS_PAGE.read_text("utf-8"), schema),
        GENERATED / "labels.ts": labels_source(),
        GENERATED / "dictionaries.ts": dictionaries_source(),
        GENERATED / "schemas.ts": schemas_source(),
    }


def stale_files() -> list[Path]:
    """Return which of ``generated_files`` are missing or differ from the models."""
    return [
        path
        for path, text in generated_files().items()
        if not path.is_file() or path.read_text("utf-8") != text
    ]


def run_types(*, check: bool) -> int:
    """Write (or check) ``records.ts`` from ``schema.json``; return the script's exit status."""
    node = shutil.which("node")
    if node is None:
        sys.stderr.write("Node.js 20 or newer is needed for records.ts; see README.md\n")
        return 1
    command = [node, str(TYPES_SCRIPT), *(["--check"] if check else [])]
    return subprocess.run(command, cwd=ROOT, check=False).returncode  # noqa: S603 - our own script


def main(arguments: list[str] | None = None) -> int:
    """Write the generated files, or with ``--check`` tell which are stale (exit status 1)."""
    parser = argparse.ArgumentParser(prog="python -m grid.schema_export", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail when stale")
    check = parser.parse_args(arguments).check
    if check:
        stale = stale_files()
        for path in stale:
            sys.stderr.write(
                f"{path.relative_to(ROOT)} is stale: run python -m grid.schema_export\n"
            )
        return 1 if stale else run_types(check=True)
    GENERATED.mkdir(parents=True, exist_ok=True)
    for path, text in generated_files().items():
        path.write_text(text, "utf-8")
    return run_types(check=False)


if __name__ == "__main__":
    sys.exit(main())

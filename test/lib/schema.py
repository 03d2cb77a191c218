# SPDX-License-Identifier: BSD-3-Clause
"""The generator's JSON against doc/crossdock-pktgen.schema.json."""

import functools
import json
import pathlib

import jsonschema

PATH = pathlib.Path(__file__).resolve().parents[2] / "doc" / "crossdock-pktgen.schema.json"


class Invalid(AssertionError):
    """Says where a document differs from the schema."""


@functools.lru_cache(maxsize=None)
def validator():
    schema = json.loads(PATH.read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    return jsonschema.Draft7Validator(schema)


def validate(document):
    """Raises Invalid, which names the first places that are wrong."""
    wrong = sorted(validator().iter_errors(document), key=lambda error: list(map(str, error.path)))
    lines = []
    for error in wrong[:5]:
        # What is wrong within an object that may be null says more than "neither fits".
        error = jsonschema.exceptions.best_match([error])
        lines.append(f"{'.'.join(map(str, error.absolute_path)) or 'document'}: {error.message}")
    if lines:
        raise Invalid("not of the schema: " + "; ".join(lines))

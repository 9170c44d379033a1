"""Values of a document -> a pydantic model. Every mistake is noted with its place, and what is right is kept.

A field's `description` says what is allowed, `examples` show it, and `UNQUOTED` keeps its value out of messages. A
validator of our own raises a ValueError with the words where the description cannot tell what is wrong.
"""

import difflib
import re
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from exporter.yaml.document import Value
from exporter.yaml.issue import Issues, Path, quoted
from exporter.yaml.scalar import Plain

_SPACE_MISSING = "a space is missing after the colon, write {}: and then the value"
_FORMS = {
    "dict_type": "must be a mapping of keys and values",
    "tuple_type": "must be a list",
    "too_short": "must be a list of at least one entry",
}
_QUOTED = re.compile("'([^']*)'")


class Unquoted:
    """Stands in the annotation of a field that may hold a secret."""


UNQUOTED = Unquoted()


class Section(BaseModel):
    """A mapping of the file. Spans of time are in seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, arbitrary_types_allowed=True)

    place: ClassVar[str] = "here"
    """Where the mapping stands, in words."""
    example: ClassVar[str] = "key: value"


S = TypeVar("S", bound=Section)
T = TypeVar("T")


def validate(model: type[S], root: dict[str, Value], issues: Issues) -> S:
    """`root` as a `model`. What is wrong is noted and taken out of `root`; in a list, None stands in its place.

    So one mistake hides no other: what is checked across keys is still checked with all the rest.
    """
    while True:
        try:
            return model.model_validate(root)
        except ValidationError as error:
            errors = error.errors(include_url=False, include_input=False)
        around = {found["loc"][:length] for found in errors for length in range(len(found["loc"]))}
        for found in errors:
            if found["loc"] not in around:  # a list with a wrong entry is called too short as well
                _note(found, model, root, issues)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The one of `known` words that was probably meant."""
    names = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower().replace("-", "_")[:60], names, n=1)
    return names[near[0]] if near else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """` (did you mean X?)`, or nothing where no known word is near."""
    near = nearest(word, known)
    return f" (did you mean {near}?)" if near else ""


def _note(found: ErrorDetails, model: type[Section], root: dict[str, Value], issues: Issues) -> None:
    path = found["loc"]
    parent = _at(root, path[:-1])
    if parent is None:  # taken out already, with the list that it stood in
        return
    if found["type"] == "extra_forbidden":
        _note_unknown(path, _walk(model, path[:-1])[0], model, parent, issues)
    elif not isinstance(parent, list):
        issues.add(path, _words(found, model, _at(root, path)))
        del parent[path[-1]]
    elif _at(root, path) is not None:
        issues.add(path, _words(found, model, _at(root, path)))
        parent[int(path[-1])] = None
    else:  # a list that may hold no gaps
        del _at(root, path[:-2])[path[-2]]


def _note_unknown(
    path: Path, here: type[Section], top: type[Section], parent: dict[str, Value], issues: Issues
) -> None:
    """Note a key that does not exist here, and take the one that was meant for given and wrong."""
    key, known = str(path[-1]), here.model_fields
    meant = nearest(key, known)
    elsewhere = [other.place for other in _sections(top) if key in other.model_fields]
    unspaced = key.partition(":")[0]
    allowed = f"allowed {here.place} are {', '.join(sorted(known))}"
    if elsewhere:
        words = f"does not belong {here.place}, its place is {elsewhere[0]}; {allowed}"
    elif ":" in key and unspaced in known:
        meant, words = unspaced, _SPACE_MISSING.format(unspaced)
    else:
        words = f"unknown key{did_you_mean(key, known)}, {allowed}"
    issues.add(path, words)
    del parent[key]
    if meant and not elsewhere and meant not in parent:
        issues.misspelt((*path[:-1], meant))


def _words(found: ErrorDetails, model: type[Section], value: Any) -> str:
    kind = found["type"]
    inner, field, is_quoted = _walk(model, found["loc"])
    if kind == "value_error" and (words := str(found["ctx"]["error"])):
        return words
    if kind == "model_type":
        return _no_mapping(value, inner)
    source = str(value.source if isinstance(value, Plain) else value)
    if kind == "literal_error":
        known = _QUOTED.findall(found["ctx"]["expected"])
        return f"unknown value {quoted(source)}{did_you_mean(source, known)}, allowed: {', '.join(known)}"
    if kind in _FORMS and not field.description:
        return f"{_FORMS[kind]}{f', such as {field.examples[0]}' if field.examples else ''}"
    shown = quoted(source) if is_quoted else "the value"
    return f"{shown} is not valid, allowed: {field.description or found['msg']}"


def _no_mapping(value: Any, model: type[Section]) -> str:
    key, colon, _ = value.partition(":") if isinstance(value, str) else ("", "", "")
    if colon and key in model.model_fields:
        return _SPACE_MISSING.format(key)
    return f"must be a mapping of keys and values, such as {model.example}"


def _at(root: Any, path: Path) -> Any:
    """The value at `path`; None where there is none."""
    for part in path:
        if root is None or (isinstance(root, dict) and part not in root):
            return None
        root = root[part]
    return root


def _walk(model: type[Section], path: Path) -> tuple[type[Section], FieldInfo, bool]:
    """The model at `path` or around it, the hints of the last key that a model has, and whether its value is quoted."""
    field = FieldInfo()
    for part in path:
        if part in model.model_fields:
            field = model.model_fields[str(part)]
            model = next(_models_in(field.annotation), model)
    hints = next(_parts(field.annotation, FieldInfo), field)  # in an optional field they stand further in
    hidden = [*field.metadata, *_parts(field.annotation, Unquoted)]
    return model, hints, not any(isinstance(part, Unquoted) for part in hidden)


def _sections(top: type[Section]) -> Iterator[type[Section]]:
    """`top` and all models below it."""
    yield top
    for field in top.model_fields.values():
        for inner in _models_in(field.annotation):
            yield from _sections(inner)


def _models_in(annotation: Any) -> Iterator[type[Section]]:
    """The models that an annotation such as `tuple[Campaign | None, ...] | None` names."""
    return (part for part in _parts(annotation, type) if issubclass(part, Section))


def _parts(annotation: Any, kind: type[T]) -> Iterator[T]:
    """What an annotation is made of, as far as it is of a `kind`."""
    if isinstance(annotation, kind):
        yield annotation
    for part in get_args(annotation):
        yield from _parts(part, kind)

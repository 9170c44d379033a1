"""The columns of a table: which fields, in which order, under which heading, in which unit."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from grafana_foundation_sdk.builders import table
from grafana_foundation_sdk.models import dashboard as model

from grafana.panel import NOTHING, prop

IDENTITY = ("Time", "Value", "job", "window", "instance", "__name__")
"""Fields that tables hide unless asked to show them: chosen above, or the same in each row."""


@dataclass(frozen=True, slots=True)
class Column:
    """One field of a table."""

    name: str
    """The field as the data source calls it: a label, or `Value #ref`."""
    heading: str
    unit: str = ""
    """Empty for text."""
    width: int = 0
    """Pixels; 0 shares what is left."""
    more: tuple[model.DynamicConfigValue, ...] = field(default=())

    def properties(self) -> list[model.DynamicConfigValue]:
        """What an override sets."""
        found = [prop("displayName", self.heading), prop("noValue", NOTHING)]
        if self.unit:
            found.append(prop("unit", self.unit))
        if not self.unit or self.unit == "none":
            found.append(prop("custom.align", "left"))
        if self.width:
            found.append(prop("custom.width", self.width))
        return [*found, *self.more]


def link(title: str, url: str) -> model.DynamicConfigValue:
    """The property that makes a cell lead somewhere."""
    return prop("links", [{"title": title, "url": url, "targetBlank": False}])


def mapped(mapping: model.ValueMap) -> model.DynamicConfigValue:
    """The property that puts words for values."""
    return prop(
        "mappings", [{"type": mapping.type_val, "options": {k: v.to_json() for k, v in mapping.options.items()}}]
    )


def alarming(*limits: tuple[float | None, str]) -> tuple[model.DynamicConfigValue, ...]:
    """The properties that put a cell on a colour from each limit upwards; the first limit is None, the bottom."""
    steps = [{"value": limit, "color": shade} for limit, shade in limits]
    return (
        prop("thresholds", {"mode": "absolute", "steps": steps}),
        prop("custom.cellOptions", {"type": "color-background", "mode": "basic"}),
    )


def lit(mapping: model.ValueMap) -> tuple[model.DynamicConfigValue, ...]:
    """The properties that put words for values, each on its own colour."""
    return mapped(mapping), prop("custom.cellOptions", {"type": "color-background", "mode": "basic"})


@dataclass(frozen=True, slots=True)
class Order:
    """In which order a table's rows stand, and which are left out."""

    by: str
    """The field that counts first."""
    then: str = ""
    """The field that counts where that is the same."""
    least: int | None = None
    """Rows with less than that in `by` are left out."""
    greatest_first: bool = True


def columns(panel: table.Panel, shown: Sequence[Column], order: Order, *, hidden: Sequence[str] = ()) -> table.Panel:
    """Merge the queries' rows by the labels that all have; show `shown` in that order, `hidden` not."""
    panel = panel.with_transformation(_step("merge", {}))
    if order.least is not None:
        limit = {"id": "greaterOrEqual", "options": {"value": order.least}}
        filters = [{"fieldName": order.by, "config": limit}]
        panel = panel.with_transformation(
            _step("filterByValue", {"type": "include", "match": "all", "filters": filters})
        )
    for name in filter(None, (order.then, order.by)):  # sorting keeps the order of equals
        sort = [{"field": name, "desc": order.greatest_first}]
        panel = panel.with_transformation(_step("sortBy", {"fields": {}, "sort": sort}))
    indices = {column.name: index for index, column in enumerate(shown)}
    organised: dict[str, object] = {
        "excludeByName": {name: True for name in (*IDENTITY, *hidden) if name not in indices},
        "indexByName": indices,
        "renameByName": {},
        "includeByName": {},
    }
    panel = panel.with_transformation(_step("organize", organised))
    for column in shown:
        panel = panel.override_by_name(column.name, column.properties())
    return panel


def _step(name: str, options: dict[str, object]) -> model.DataTransformerConfig:
    return model.DataTransformerConfig(id_val=name, options=options)

// The options of fields that panels set, each read as Grafana reads it, and what a panel has before it sets any.
import {
  FieldColorModeId,
  FieldConfigOptionsRegistry,
  displayNameOverrideProcessor,
  identityOverrideProcessor,
  standardTransformers,
  standardTransformersRegistry,
} from "@grafana/data";

const STANDARD = ["unit", "min", "max", "decimals", "noValue", "links", "mappings", "thresholds", "color", "filterable", "description"];

// By kind of panel: what its plugin sets where the dashboard says nothing.
const CUSTOM = {
  table: { align: "auto", cellOptions: { type: "auto" }, inspect: false },
  timeseries: {
    drawStyle: "line",
    lineInterpolation: "linear",
    lineWidth: 1,
    fillOpacity: 0,
    showPoints: "auto",
    pointSize: 5,
    axisPlacement: "auto",
    axisColorMode: "text",
    axisBorderShow: false,
    spanNulls: false,
    stacking: { mode: "none", group: "A" },
    hideFrom: { legend: false, tooltip: false, viz: false },
    thresholdsStyle: { mode: "off" },
  },
};

const COLOUR = { timeseries: { mode: FieldColorModeId.PaletteClassic } };

export function with_defaults(panel) {
  const { defaults = {}, overrides = [] } = panel.fieldConfig ?? {};
  return {
    defaults: {
      color: COLOUR[panel.type] ?? { mode: FieldColorModeId.Thresholds },
      thresholds: { mode: "absolute", steps: [{ value: -Infinity, color: "green" }] },
      ...from_json(defaults),
      custom: { ...CUSTOM[panel.type], ...defaults.custom },
    },
    overrides: overrides.map((each) => ({ ...each, properties: each.properties.map(from_json_property) })),
  };
}

// JSON has no -Infinity: the first step of thresholds is null there.
function from_json(config) {
  return config.thresholds ? { ...config, thresholds: lowest(config.thresholds) } : config;
}

function from_json_property(property) {
  return property.id === "thresholds" ? { ...property, value: lowest(property.value) } : property;
}

function lowest(thresholds) {
  return { ...thresholds, steps: thresholds.steps.map((step) => ({ ...step, value: step.value ?? -Infinity })) };
}

function item(id, process, isCustom = false) {
  const path = isCustom ? id.replace("custom.", "") : id;
  return { id, path, name: id, isCustom, process, override: identityOverrideProcessor, shouldApply: () => true, getItemsCount: () => 0 };
}

export function registry(config) {
  const custom = new Set(Object.keys(config.defaults.custom ?? {}).map((name) => `custom.${name}`));
  for (const { properties } of config.overrides) {
    properties.filter(({ id }) => id.startsWith("custom.")).forEach(({ id }) => custom.add(id));
  }
  return new FieldConfigOptionsRegistry(() => [
    item("displayName", displayNameOverrideProcessor),
    ...STANDARD.map((id) => item(id, identityOverrideProcessor)),
    ...[...custom].map((id) => item(id, identityOverrideProcessor, true)),
  ]);
}

export function register_transformations() {
  standardTransformersRegistry.setInit(() =>
    [...new Map(Object.values(standardTransformers).map((each) => [each.id, each])).values()].map((transformation) => ({
      id: transformation.id,
      name: transformation.name,
      transformation,
      editor: () => null,
    })),
  );
}

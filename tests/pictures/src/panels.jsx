// One panel's drawing, by its kind, with Grafana's components.
import { FieldType, VizOrientation, getDisplayValueAlignmentFactors, getFieldDisplayValues, getLinksSupplier } from "@grafana/data";
import { BarGauge, BigValue, Table, TimeSeries, VizRepeater, useTheme2 } from "@grafana/ui";

import { StateTimeline } from "./timeline.jsx";

export function Drawing({ panel, frames, config, zone, range, width, height }) {
  const theme = useTheme2();
  const Kind = KINDS[panel.type];
  if (!Kind) {
    throw new Error(`${panel.title}: a panel of type ${panel.type} is not drawn here`);
  }
  return <Kind {...{ panel, frames, config, theme, zone, range, width, height }} />;
}

function values_of({ panel, frames, config, theme, zone }) {
  return getFieldDisplayValues({
    fieldConfig: config,
    reduceOptions: panel.options.reduceOptions,
    replaceVariables: (text) => text,
    theme,
    data: frames,
    sparkline: panel.options.graphMode !== "none",
    timeZone: zone,
  });
}

function Stat(props) {
  const { panel, frames, theme, range, width, height } = props;
  const { options } = panel;
  return (
    <VizRepeater
      getValues={() => values_of(props)}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={({ value, count, alignmentFactors, width, height }) => (
        <BigValue
          value={value.display}
          count={count}
          sparkline={value.sparkline && { ...value.sparkline, timeRange: range }}
          colorMode={options.colorMode}
          graphMode={options.graphMode}
          justifyMode={options.justifyMode}
          textMode={options.textMode}
          text={options.text}
          {...{ alignmentFactors, theme, width, height }}
        />
      )}
      source={frames}
      itemSpacing={3}
      autoGrid
      orientation={options.orientation ?? VizOrientation.Auto}
      renderCounter={1}
      {...{ width, height }}
    />
  );
}

function Bars(props) {
  const { panel, frames, theme, width, height } = props;
  const { options } = panel;
  return (
    <VizRepeater
      getValues={() => values_of(props)}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={({ value, orientation, alignmentFactors, width, height }) => (
        <BarGauge
          value={value.display}
          field={value.field}
          display={value.view?.getFieldDisplayProcessor(value.colIndex)}
          displayMode={options.displayMode}
          showUnfilled={options.showUnfilled ?? true}
          valueDisplayMode={options.valueMode}
          namePlacement={options.namePlacement}
          text={options.text}
          itemSpacing={10}
          lcdCellWidth={12}
          {...{ alignmentFactors, orientation, theme, width, height }}
        />
      )}
      source={frames}
      itemSpacing={10}
      minVizHeight={options.minVizHeight ?? 16}
      orientation={options.orientation}
      renderCounter={1}
      {...{ width, height }}
    />
  );
}

function Grid({ panel, frames, config, range, width, height }) {
  const [frame] = frames;
  if (!frame?.length) {
    return <NoValue text={config.defaults.noValue} />;
  }
  const { options } = panel;
  return (
    <Table
      data={frame}
      noHeader={!options.showHeader}
      cellHeight={options.cellHeight}
      initialSortBy={options.sortBy}
      enablePagination={options.footer?.enablePagination}
      resizable
      showTypeIcons={false}
      fieldConfig={config}
      timeRange={range}
      {...{ width, height }}
    />
  );
}

function Lines({ panel, frames, config, range, zone, width, height }) {
  const drawn = frames.filter((frame) => frame.fields.some((field) => field.type === FieldType.number));
  if (!drawn.length) {
    return <NoValue text={config.defaults.noValue} />;
  }
  return (
    <TimeSeries frames={drawn} structureRev={1} timeRange={range} timeZone={zone} legend={panel.options.legend} {...{ width, height }}>
      {() => null}
    </TimeSeries>
  );
}

function Markdown({ panel }) {
  return <div style={{ whiteSpace: "pre-wrap" }}>{panel.options.content}</div>;
}

// What Grafana writes in the middle of a panel without data.
export function NoValue({ text }) {
  return (
    <div className="no-value" style={{ height: "100%", display: "flex", alignItems: "center", justifyContent: "center", textAlign: "center" }}>
      {text || "No data"}
    </div>
  );
}

const KINDS = { stat: Stat, bargauge: Bars, table: Grid, timeseries: Lines, text: Markdown, "state-timeline": StateTimeline };

export { getLinksSupplier };

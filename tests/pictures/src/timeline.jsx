// A state timeline. Grafana keeps its own in the server, not in the packages: this one draws the same spans, with
// Grafana's words and colours for values.
import { measureText, useTheme2 } from "@grafana/ui";
import { dateTimeFormat, formattedValueToString, getFieldDisplayName } from "@grafana/data";

import { NoValue } from "./panels.jsx";

const AXIS = 24;
const GAP = 24;
const TICKS = 6;

export function StateTimeline({ panel, frames, config, range, zone, width, height }) {
  const theme = useTheme2();
  const rows = frames.map((frame) => ({ name: getFieldDisplayName(frame.fields[1], frame, frames), spans: spans(frame) }));
  if (!rows.length) {
    return <NoValue text={config.defaults.noValue} />;
  }
  const names = Math.max(...rows.map(({ name }) => measureText(name, theme.typography.fontSize).width)) + GAP;
  const from = range.from.valueOf();
  const scale = (width - names) / (range.to.valueOf() - from);
  const row = (height - AXIS) / rows.length;
  const bar = row * (panel.options.rowHeight ?? 0.9);
  const ticks = [...Array(TICKS).keys()].map((each) => from + ((each + 0.5) * (range.to.valueOf() - from)) / TICKS);
  return (
    <div style={{ position: "relative", width, height, overflow: "hidden" }}>
      {rows.map(({ name, spans }, number) => (
        <div key={name}>
          <div className="row-name" style={{ ...cell(0, number * row, names - GAP + 1, bar), textAlign: "right", letterSpacing: "normal", lineHeight: `${bar}px` }}>
            {name}
          </div>
          {spans.map(({ start, end, display }) => (
            <div
              key={start}
              title={formattedValueToString(display)}
              style={{ ...cell(names + (start - from) * scale, number * row, (end - start) * scale, bar), background: display.color }}
            />
          ))}
        </div>
      ))}
      {ticks.map((at) => (
        <div key={at} style={{ ...cell(names + (at - from) * scale - 40, height - AXIS, 80, AXIS), textAlign: "center", color: theme.colors.text.secondary }}>
          {dateTimeFormat(at, { timeZone: zone, format: "HH:mm" })}
        </div>
      ))}
    </div>
  );
}

function cell(left, top, width, height) {
  return { position: "absolute", left, top, width, height, overflow: "hidden", whiteSpace: "nowrap", textOverflow: "ellipsis" };
}

function spans(frame) {
  const [time, value] = frame.fields;
  const step = time.config.interval;
  const found = [];
  for (let index = 0; index < frame.length; index += 1) {
    const last = found[found.length - 1];
    const start = time.values[index];
    if (last && last.value === value.values[index] && start - last.end <= step) {
      last.end = start + step;
    } else {
      found.push({ start, end: start + step, value: value.values[index], display: value.display(value.values[index]) });
    }
  }
  return found;
}

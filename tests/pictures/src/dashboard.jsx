// The dashboard's own page: its head, the grid of 24 columns, and what each panel asks.
import { useEffect, useState } from "react";
import { applyFieldOverrides, transformDataFrame } from "@grafana/data";
import { PanelChrome, useTheme2 } from "@grafana/ui";
import { lastValueFrom } from "rxjs";

import { registry, with_defaults } from "./fields.js";
import { Drawing, NoValue } from "./panels.jsx";
import { series_frames, table_frame } from "./prometheus.js";
import { fill } from "./variables.js";

const COLUMNS = 24;
const ROW = 30;
const GAP = 8;
const EDGE = 16;
const NARROW = 769;
const POINTS = 600;
const SCRAPE = 15;

const ROUND = [15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];

function seconds(text) {
  const [, count, unit] = /^(\d+)([smhd])$/.exec(text);
  return Number(count) * { s: 1, m: 60, h: 3600, d: 86400 }[unit];
}

// How far apart points are, as Grafana chooses it: by the width of the panel, and never under the panel's own minimum.
function step_of(panel, range) {
  const span = (range.to.valueOf() - range.from.valueOf()) / 1000;
  const wanted = span / (panel.maxDataPoints ?? POINTS);
  const round = ROUND.find((each) => each >= wanted) ?? ROUND[ROUND.length - 1];
  return Math.max(round, panel.interval ? seconds(panel.interval) : SCRAPE);
}

export async function answer(panel, prometheus, values, range) {
  const step = step_of(panel, range);
  const known = {
    ...values,
    __interval: { value: `${step}s` },
    __rate_interval: { value: `${Math.max(step + SCRAPE, 4 * SCRAPE)}s` },
    __range: { value: `${(range.to - range.from) / 1000}s` },
  };
  const end = Math.floor(range.to.valueOf() / 1000 / step) * step;
  const start = Math.floor(range.from.valueOf() / 1000 / step) * step;
  const frames = [];
  for (const target of panel.targets ?? []) {
    const expr = fill(target.expr, known);
    const result = target.range ? await prometheus.range(expr, start, end, step) : await prometheus.instant(expr, range.to.valueOf() / 1000);
    if (target.format === "table") {
      frames.push(table_frame(target, result, panel.targets.length === 1));
    } else {
      frames.push(...series_frames(target, result, step));
    }
  }
  return lastValueFrom(transformDataFrame(panel.transformations ?? [], frames));
}

function configured(panel, frames, theme, zone, values) {
  const config = with_defaults(panel);
  const data = applyFieldOverrides({
    data: frames,
    fieldConfig: config,
    fieldConfigRegistry: registry(config),
    replaceVariables: (text) => fill(text, values),
    theme,
    timeZone: zone,
  });
  return { config, data };
}

export function Panel({ panel, frames, error, values, range, zone, width, height }) {
  const theme = useTheme2();
  const { config, data } = configured(panel, frames, theme, zone, values);
  return (
    <section data-panel={panel.id} data-type={panel.type} data-title={panel.title}>
      <PanelChrome title={fill(panel.title, values)} description={panel.description} width={width} height={height} statusMessage={error}>
        {(inner_width, inner_height) =>
          error ? <NoValue text={error} /> : <Drawing {...{ panel, config, range, zone }} frames={data} width={inner_width} height={inner_height} />
        }
      </PanelChrome>
    </section>
  );
}

function useWidth() {
  const [width, set] = useState(document.documentElement.clientWidth);
  useEffect(() => {
    const changed = () => set(document.documentElement.clientWidth);
    window.addEventListener("resize", changed);
    return () => window.removeEventListener("resize", changed);
  }, []);
  return width;
}

export function Dashboard({ board, answers, values, range, zone }) {
  const theme = useTheme2();
  const page = useWidth();
  const inner = page - 2 * EDGE;
  const stacked = page < NARROW;
  const column = (inner - GAP * (COLUMNS - 1)) / COLUMNS;
  let top = 0;
  const placed = board.panels.map((panel) => {
    const { x, y, w, h } = panel.gridPos;
    const height = ROW * h + GAP * (h - 1);
    if (!stacked) {
      return { panel, height, left: x * (column + GAP), top: y * (ROW + GAP), width: column * w + GAP * (w - 1) };
    }
    const place = { panel, height, left: 0, top, width: inner };
    top += height + GAP;
    return place;
  });
  const bottom = Math.max(...placed.map((each) => each.top + each.height));
  return (
    <main style={{ padding: EDGE, background: theme.colors.background.canvas, minHeight: "100vh" }}>
      <Head {...{ board, values }} />
      <div style={{ position: "relative", height: bottom }}>
        {placed.map(({ panel, left, top, width, height }) => (
          <div key={panel.id} style={{ position: "absolute", left, top, width, height }}>
            {panel.type === "row" ? (
              <h6 data-row style={{ lineHeight: `${ROW}px`, whiteSpace: "nowrap" }}>{fill(panel.title, values)}</h6>
            ) : (
              <Panel {...{ panel, values, range, zone, width, height }} {...answers[panel.id]} />
            )}
          </div>
        ))}
      </div>
    </main>
  );
}

function Head({ board, values }) {
  const theme = useTheme2();
  const box = { background: theme.colors.background.secondary, border: `1px solid ${theme.colors.border.medium}`, padding: "4px 8px" };
  return (
    <header style={{ display: "flex", flexWrap: "wrap", gap: 8, alignItems: "center", paddingBottom: GAP }}>
      <h4 style={{ margin: 0, paddingRight: 16 }}>{board.title}</h4>
      {board.templating.list.map(({ name, label }) => (
        <span key={name} data-variable={name} style={box}>
          <span style={{ color: theme.colors.text.secondary }}>{label}</span> {values[name]?.text}
        </span>
      ))}
      <span style={{ flexGrow: 1 }} />
      {board.links.map(({ title, type }) => (
        <span key={title} style={box}>
          {title} {type === "dashboards" ? "▾" : ""}
        </span>
      ))}
    </header>
  );
}

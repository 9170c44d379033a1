// Asks Prometheus, and turns its answers into the frames that Grafana's data source makes of them.
import { FieldType, toDataFrame } from "@grafana/data";

export class Prometheus {
  constructor(url) {
    this.url = url;
    this.asked = [];
  }

  async instant(query, time) {
    return (await this.get("query", time === undefined ? { query } : { query, time })).result;
  }

  async range(query, start, end, step) {
    return (await this.get("query_range", { query, start, end, step })).result;
  }

  async labels(match, label) {
    return this.get(`label/${label}/values`, { "match[]": match });
  }

  // Each question is kept, with how long it took and what was wrong with it, for whoever asserts.
  async get(path, parameters) {
    const body = new URLSearchParams(parameters);
    const began = performance.now();
    const reached = path.startsWith("label/")
      ? await fetch(`${this.url}/api/v1/${path}?${body}`)
      : await fetch(`${this.url}/api/v1/${path}`, { method: "POST", body });
    const answer = await reached.json();
    const seconds = (performance.now() - began) / 1000;
    const error = answer.status === "success" ? "" : answer.error;
    this.asked.push({ path, query: parameters.query ?? parameters["match[]"], seconds, error });
    if (error) {
      throw new Error(error);
    }
    return answer.data;
  }
}

const number = (text) => (text === "NaN" ? NaN : Number(text.replace("Inf", "Infinity")));

export function legend(template, labels) {
  return template ? template.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, name) => labels[name] ?? "") : "";
}

function written(labels) {
  const { __name__: name = "", ...others } = labels;
  const inner = Object.entries(others).map(([label, text]) => `${label}="${text}"`);
  return inner.length ? `${name}{${inner.join(", ")}}` : name;
}

export function series_frames(target, result, step) {
  return result.map(({ metric, values, value }) => {
    const points = values ?? [value];
    const name = legend(target.legendFormat, metric) || written(metric) || "Value";
    return toDataFrame({
      refId: target.refId,
      meta: { type: values ? "timeseries-multi" : "numeric-multi" },
      fields: [
        { name: "Time", type: FieldType.time, config: { interval: step * 1000 }, values: points.map(([at]) => at * 1000) },
        {
          name: "Value",
          type: FieldType.number,
          labels: metric,
          config: { displayNameFromDS: name },
          values: points.map(([, text]) => number(text)),
        },
      ],
    });
  });
}

export function table_frame(target, result, single) {
  const labels = [...new Set(result.flatMap(({ metric }) => Object.keys(metric)))].sort();
  return toDataFrame({
    refId: target.refId,
    fields: [
      { name: "Time", type: FieldType.time, config: {}, values: result.map(({ value }) => value[0] * 1000) },
      ...labels.map((label) => ({
        name: label,
        type: FieldType.string,
        config: { filterable: true },
        values: result.map(({ metric }) => metric[label] ?? ""),
      })),
      {
        name: single ? "Value" : `Value #${target.refId}`,
        type: FieldType.number,
        config: {},
        values: result.map(({ value }) => number(value[1])),
      },
    ],
  });
}

// What variables become in expressions, titles and links, as Grafana fills them in.
const VARIABLE = /\$(?:\{(\w+)(?::(\w+))?\}|([a-zA-Z_]\w*))/g;

// `values` holds {value, text} by name, or an array of such where several are chosen.
export function fill(template, values, format = "text") {
  return template.replace(VARIABLE, (whole, braced, asked, bare) => {
    const name = braced ?? bare;
    const found = values[name];
    if (found === undefined) {
      return whole;
    }
    if (asked === "queryparam") {
      return `var-${name}=${encodeURIComponent(found.value)}`;
    }
    if (asked === "text") {
      return found.text;
    }
    return asked === "percentencode" ? encodeURIComponent(found.value) : found.value;
  });
}

// Choose what Grafana would when it opens the dashboard: all where all may be chosen, or else the first, or the one asked for.
export async function choose(board, prometheus, asked) {
  const values = { datasource: { value: "prometheus", text: "Prometheus" } };
  for (const variable of board.templating.list) {
    if (variable.type !== "query") {
      continue;
    }
    const options = await options_of(variable, prometheus, values);
    const wanted = asked[variable.name];
    const found = options.find((each) => each.value === wanted) ?? options[0];
    const all = variable.includeAll && wanted === undefined;
    values[variable.name] = all
      ? { value: variable.allValue, text: String([variable.current?.text ?? "All"].flat()[0]), options }
      : { value: found?.value ?? "", text: found?.text ?? "None", options };
  }
  return values;
}

async function options_of(variable, prometheus, values) {
  const query = fill(variable.query, values);
  const labels = /^label_values\((.+),\s*(\w+)\s*\)$/s.exec(query);
  if (labels) {
    const found = await prometheus.labels(labels[1], labels[2]);
    return found.map((value) => ({ value, text: value }));
  }
  const result = /^query_result\((.+)\)$/s.exec(query);
  const [, pattern] = /^\/(.*)\/$/s.exec(variable.regex);
  const series = await prometheus.instant(result[1]);
  const found = series.map(({ metric, value }) => {
    const written = Object.entries(metric).map(([name, text]) => `${name}="${text}"`);
    return new RegExp(pattern).exec(`{${written.join(",")}} ${value[1]} ${value[0] * 1000}`).groups;
  });
  return found.sort((one, other) => one.text.localeCompare(other.text));
}

// Draws one dashboard, named in the address: /?dashboard=...&prometheus=...&now=...&var-campaign=...
import { createRoot } from "react-dom/client";
import { ThemeContext, createTheme, dateTime } from "@grafana/data";
import { GlobalStyles, PanelContextProvider } from "@grafana/ui";
import { EventBusSrv, DashboardCursorSync } from "@grafana/data";
import "@fontsource/inter/400.css";
import "@fontsource/inter/500.css";
import "@fontsource/inter/600.css";

import { Dashboard, answer } from "./dashboard.jsx";
import { register_transformations } from "./fields.js";
import { Prometheus } from "./prometheus.js";
import { choose } from "./variables.js";

const theme = createTheme({ colors: { mode: "dark" } });
const context = { eventsScope: "drawn", eventBus: new EventBusSrv(), sync: () => DashboardCursorSync.Off };

function range_of(board, now) {
  const [, count, unit] = /^now-(\d+)([hd])$/.exec(board.time.from);
  const to = dateTime(now);
  return { from: dateTime(now).subtract(Number(count), unit), to, raw: board.time };
}

async function answer_all(board, prometheus, values, range) {
  const found = {};
  for (const panel of board.panels.filter(({ type }) => type !== "row")) {
    const [began, first] = [performance.now(), prometheus.asked.length];
    try {
      found[panel.id] = { frames: await answer(panel, prometheus, values, range), error: "" };
    } catch (error) {
      found[panel.id] = { frames: [], error: String(error.message) };
    }
    const seconds = (performance.now() - began) / 1000;
    const rows = found[panel.id].frames.reduce((sum, frame) => sum + frame.length, 0);
    prometheus.panels.push({ id: panel.id, title: panel.title, seconds, rows, error: found[panel.id].error, first });
  }
  return found;
}

async function main() {
  register_transformations();
  const asked = new URLSearchParams(window.location.search);
  const board = await (await fetch(`/dashboards/${asked.get("dashboard")}.json`)).json();
  const prometheus = Object.assign(new Prometheus(asked.get("prometheus")), { panels: [] });
  const wanted = Object.fromEntries([...asked].filter(([name]) => name.startsWith("var-")).map(([name, value]) => [name.slice(4), value]));
  const values = await choose(board, prometheus, wanted);
  const range = range_of(board, asked.has("now") ? Number(asked.get("now")) * 1000 : Date.now());
  const answers = await answer_all(board, prometheus, values, range);
  createRoot(document.getElementById("root")).render(
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <PanelContextProvider value={context}>
        <Dashboard {...{ board, answers, values, range }} zone="browser" />
      </PanelContextProvider>
    </ThemeContext.Provider>,
  );
  window.drawn = { values, panels: prometheus.panels, asked: prometheus.asked };
}

main().catch((error) => {
  window.drawn = { failed: String(error.stack) };
});

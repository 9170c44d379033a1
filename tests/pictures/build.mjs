// Bundles what draws the dashboards: `node build.mjs FOLDER`.
import { cpSync } from "node:fs";
import { build } from "esbuild";

const [folder] = process.argv.slice(2);
await build({
  entryPoints: ["src/main.jsx"],
  outfile: `${folder}/bundle.js`,
  bundle: true,
  minify: true,
  jsx: "automatic",
  alias: { "react-custom-scrollbars-2": "./src/scrollbars.jsx" },
  define: { "process.env.NODE_ENV": '"production"' },
  loader: { ".woff": "file", ".woff2": "file", ".ttf": "file" },
  logLevel: "warning",
});
cpSync("index.html", `${folder}/index.html`);
cpSync("node_modules/@grafana/ui/dist/public", `${folder}/public`, { recursive: true });

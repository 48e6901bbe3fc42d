// Bundles frontend/ into static/build/: app.css, public.css, admin.css, rich.css, app.js, theme.js, editor.js, fonts and the icon.
// Usage: node frontend/build.mjs [--watch]
import { cp, mkdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import * as esbuild from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "static", "build");

const LIGHT_DARK = /light-dark\(\s*([^,()]+(?:\([^()]*\))?[^,()]*),\s*((?:[^()]+|\([^()]*\))+)\)/g;

// Contacts come with old browsers: their stylesheet gets every `light-dark(a, b)` token as plain values and a media query.
export function classicTokens(css) {
  const plain = css.replace(/\/\*[\s\S]*?\*\//g, "");
  const light = plain.replace(LIGHT_DARK, (_, first) => first.trim());
  const dark = [...plain.matchAll(/([^{}]+)\{([^{}]*)\}/g)]
    .map(([, selector, body]) => [selector.trim(), body.split(";").filter((line) => line.includes("light-dark("))])
    .filter(([, lines]) => lines.length)
    .map(([selector, lines]) => `${selector}{${lines.join(";").replace(LIGHT_DARK, (_, __, second) => second.trim())}}`);
  return `${light}\n@media (prefers-color-scheme: dark){${dark.join("\n")}}`;
}

const classic = {
  name: "classic-tokens",
  setup(build) {
    build.onLoad({ filter: /tokens\.css$/ }, async ({ path }) => ({
      contents: classicTokens(await readFile(path, "utf8")),
      loader: "css",
    }));
  },
};

const shared = {
  bundle: true,
  minify: true,
  logLevel: "warning",
  outdir: out,
  loader: { ".woff2": "file" },
  assetNames: "assets/[name]-[hash]",
  target: ["es2022", "chrome111", "firefox113", "safari16.4"],
  legalComments: "none",
};

const bundles = [
  {
    ...shared,
    entryPoints: {
      app: join(here, "css/app.css"),
      admin: join(here, "css/admin.css"),
      rich: join(here, "css/rich.css"),
      visual: join(here, "css/visual.css"),
    },
  },
  { ...shared, entryPoints: { public: join(here, "css/public.css") }, plugins: [classic] },
  {
    ...shared,
    entryPoints: {
      app: join(here, "js/app.js"),
      theme: join(here, "js/theme.js"),
      form: join(here, "js/form.js"),
      embed: join(here, "js/embed.js"),
    },
    format: "iife",
  },
  // The editor's page: the heavy parts are files of their own, loaded when one is opened.
  {
    ...shared,
    entryPoints: { editor: join(here, "js/editor/main.js") },
    format: "esm",
    splitting: true,
    chunkNames: "editor/[name]-[hash]",
  },
];

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
await cp(join(here, "icon.svg"), join(out, "icon.svg"));

if (process.argv.includes("--watch")) {
  const contexts = await Promise.all(bundles.map((bundle) => esbuild.context(bundle)));
  await Promise.all(contexts.map((context) => context.watch()));
} else {
  await Promise.all(bundles.map((bundle) => esbuild.build(bundle)));
}

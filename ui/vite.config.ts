import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { svelteTesting } from "@testing-library/svelte/vite";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";
import { catalogues } from "./build/catalogues.ts";
import { lexerAlone } from "./build/lexer.ts";
import { icons } from "./src/lib/ui/icons.ts";

/** Puts the icons into the page itself: they are read while its script is still on its way. */
function sprite(): Plugin {
  const symbols = Object.entries(icons).map(
    ([name, shape]) => `<symbol id="i-${name}" viewBox="0 0 16 16">${shape}</symbol>`,
  );
  const svg = `<svg width="0" height="0" style="position: absolute" aria-hidden="true">${symbols.join("")}</svg>`;
  return {
    name: "sprite",
    transformIndexHtml: (html) => html.replace("<body>", `<body>\n    ${svg}`),
  };
}

/** What is loaded when it is spoken. */
const LANGUAGE = /\/i18n\/(german|de|de-engine)\.ts$/;
/** What is loaded when it is asked for, but for what the first screen shows of it. */
const LATER =
  /\/lib\/(settings|alerts|onboarding|members|lock|search)\/|\/(AlertsTab|RuleItem|FiringItem|DetailsTab|OutboxDialog|DateDialog|Switch)\.svelte|\/(highlight|month|panel\/order)\.ts/;
/** What is loaded when a voice message is first shown. */
const VOICE = /\/lib\/voice\//;
/** What is loaded when a chart is opened. */
const CHART = /\/panel\/chart\/|\/node_modules\/(lightweight-charts|fancy-canvas)\//;

export default defineConfig(({ mode }) => ({
  plugins: [svelte(), sprite(), catalogues(), lexerAlone(), mode === "test" ? svelteTesting() : []],
  resolve: { alias: { $lib: fileURLToPath(new URL("./src/lib", import.meta.url)) } },
  // The window loads the page from a custom protocol, and scripts may serve it under any path.
  base: "./",
  clearScreen: false,
  server: { port: 5173, strictPort: true },
  build: {
    target: ["safari16.4", "chrome111"],
    // The content security policy forbids data: fonts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The page is read from the program itself: one file comes sooner than several. Only what no
    // first screen shows is in files of its own: another language, the chart, pages and dialogs.
    rollupOptions: {
      output: {
        codeSplitting: {
          // A group takes what its modules import: the first is asked first.
          groups: [
            {
              name: "index",
              test: (id) => ![LANGUAGE, CHART, VOICE, LATER].some((other) => other.test(id)),
              priority: 2,
            },
            { name: "chart", test: CHART, priority: 1 },
            { name: "voice", test: VOICE, priority: 1 },
            { name: "later", test: LATER, priority: 1 },
          ],
        },
      },
    },
  },
  test: {
    environment: "happy-dom",
    include: ["tests/**/*.test.ts"],
    setupFiles: ["tests/setup.ts"],
    testTimeout: 30_000,
    env: { TZ: "UTC" },
  },
}));

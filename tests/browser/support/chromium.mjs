// The browser of the system, and what every page in it is held to.

import assert from "node:assert/strict";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";

/** How long anything may take to come about; ample, because a slow machine is no failure. */
export const DEADLINE = 60_000;

/** What a page puts off for less than this, in ms, is about to happen. */
const SOON = 1000;

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const ARGS = [
  "--no-first-run",
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--password-store=basic",
  "--font-render-hinting=none",
];

/** The browser's program, or nothing where there is none. */
export function browserProgram() {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const places = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [process.env.TIDINGS_CHROMIUM, ...places].find((place) => place && runs(place));
}

function runs(place) {
  try {
    accessSync(place, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Why these tests cannot run here; false when they can. */
export const lacking =
  browserProgram() === undefined && "there is no Chromium (apt install chromium)";

/**
 * Starts a browser with a profile of its own. `shown`: on a screen, which there has to be. Without
 * one it leaves frames undrawn for up to a second while nothing else moves: what is measured to the
 * screen needs a screen.
 */
export async function startBrowser({ shown = false } = {}) {
  return chromium.launch({ executablePath: browserProgram(), args: ARGS, headless: !shown });
}

/**
 * A page that is watched: it may ask its own origin alone, and nothing else may happen in it than
 * what the test does. `watched.clean()` tells.
 */
export async function openPage(browser, origin, { instant, ...options } = {}) {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    locale: "en-GB",
    timezoneId: "UTC",
    ...options,
  });
  context.setDefaultTimeout(DEADLINE);
  const faults = [];
  let told = 0;
  const own = new URL(origin);
  await context.addInitScript(watch);
  await context.route("**/*", async (route) => {
    const url = new URL(route.request().url());
    if (url.host === own.host || url.protocol === "data:") return route.continue();
    faults.push(`asked for ${url.href.slice(0, 200)}`);
    return route.abort();
  });
  // Where an instant is given, the page's clock stands still there.
  if (instant) await context.clock.setFixedTime(instant);
  // After the clock, whose own timers are none of the page.
  await context.addInitScript(countTimers, SOON);
  const page = await context.newPage();
  context.on("page", (popup) => faults.push(`opened ${popup.url()}`));
  page.on("dialog", (dialog) => {
    faults.push(`showed the dialog “${dialog.message()}”`);
    void dialog.dismiss();
  });
  page.on("console", (line) => {
    if (line.type() === "error") faults.push(`said ${line.text().slice(0, 400)}`);
  });
  page.on("pageerror", (error) => faults.push(`threw ${error.message}`));
  page.on("websocket", (socket) => {
    if (new URL(socket.url()).host !== own.host) faults.push(`called ${socket.url()}`);
  });
  page.on("download", (download) => faults.push(`downloaded ${download.url()}`));
  page.on("framenavigated", (frame) => {
    // A page that is loaded anew begins its list anew.
    if (frame === page.mainFrame()) told = 0;
    if (frame !== page.mainFrame()) faults.push(`framed ${frame.url()}`);
    else if (!["about:", own.protocol].includes(new URL(frame.url()).protocol)) {
      faults.push(`went to ${frame.url()}`);
    }
  });
  return {
    page,
    context,
    close: () => context.close(),
    /** Fails if anything happened, since it was asked last, that should not. */
    clean: async () => {
      const seen = await page.evaluate(() => window.watched);
      const fresh = [...faults.splice(0), ...seen.slice(told)];
      told = seen.length;
      assert.deepEqual(fresh, []);
    },
  };
}

/** Runs in the page before its own scripts: a canary for whatever runs, an ear for what is refused. */
function watch() {
  const seen = [];
  const touched = (how) => {
    seen.push(`ran: ${how}`);
  };
  Object.defineProperty(window, "watched", { get: () => [...seen] });
  // What the hostile texts call, and what they would most likely call.
  Object.defineProperty(window, "pwned", { value: touched });
  for (const name of ["alert", "confirm", "prompt", "print"]) {
    Object.defineProperty(window, name, { value: () => touched(name) });
  }
  window.addEventListener("securitypolicyviolation", (event) => {
    seen.push(`refused ${event.effectiveDirective} ${event.blockedURI}`);
  });
}

/** Runs in the page before its own scripts: counts what it is about to do. */
function countTimers(soon) {
  const pending = new Set();
  Object.defineProperty(window, "pending", { get: () => pending.size });
  const { setTimeout: set, clearTimeout: clear } = window;
  window.setTimeout = (run, wait = 0, ...args) => {
    const timer = set.call(
      window,
      (...given) => {
        pending.delete(timer);
        run(...given);
      },
      wait,
      ...args,
    );
    if (wait < soon) pending.add(timer);
    return timer;
  };
  window.clearTimeout = (timer) => {
    pending.delete(timer);
    clear.call(window, timer);
  };
}

// Writing a message while prices flow and what was missed is fetched.

import { figure, percentile } from "./figures.mjs";
import { Feed } from "./prices.mjs";
import { traced, workOfKeys } from "./trace.mjs";

/** The session that grew while nobody was connected. */
const GROWN = "other-0";
const MISSED = 20_000;
const BATCH = 1000;
/** Keys in all, and between two, in ms: somebody who writes fast. */
const KEYS = 150;
const APART = 60;
/** A key that took less is not told by the browser. */
const LEAST_TOLD = 16;
const RATE = 10;

const WORK_AIM = 8;
const PAINT_AIM = 33;

export async function typing(home, _ends, browser) {
  const feed = await Feed.start(home.project);
  const { page, tools, close } = await home.open();
  await feed.watch(page);
  await page.evaluate(() => window.ask("disconnect", {}));
  await page.waitForFunction(async () => {
    const { active } = await window.ask("snapshot", {});
    return active.connection.state === "offline";
  });
  const now = Date.now();
  for (let written = 0; written < MISSED; written += BATCH) {
    await home.write(GROWN, BATCH, now - (MISSED - written) * 40_000);
  }
  const composer = page.getByTestId("composer");
  await composer.click();
  await page.evaluate(noteKeys);
  const writing = feed.flow(1, RATE);
  const seen = new Set();
  const events = await traced(browser, page, async () => {
    await page.evaluate(() => window.ask("connect", {}));
    for (let key = 0; key < KEYS; key += 1) {
      await tools.send("Input.dispatchKeyEvent", stroke("keyDown", key));
      await tools.send("Input.dispatchKeyEvent", stroke("keyUp", key));
      await page.waitForTimeout(APART);
      if (key % 25 === 0) seen.add(await state(page));
    }
  });
  seen.add(await state(page));
  await writing.stop();
  const told = await page.evaluate(() => window.keys);
  const written = await composer.inputValue();
  if (written.length !== KEYS) throw new Error(`${written.length} of ${KEYS} keys were written`);
  await composer.fill("");
  await close();
  const work = workOfKeys(events);
  const paint = [...told, ...Array(Math.max(0, KEYS - told.length)).fill(LEAST_TOLD)];
  console.log(`typing: ${work.length} keys in the trace, ${told.length} over ${LEAST_TOLD} ms, while ${[...seen].join(", ")}`);
  return [
    figure("a key, script and layout, p50", percentile(work, 50), "ms"),
    figure("a key, script and layout, p95", percentile(work, 95), "ms", WORK_AIM),
    figure("a key to the screen, p50", percentile(paint, 50), "ms"),
    figure("a key to the screen, p95", percentile(paint, 95), "ms", PAINT_AIM),
  ];
}

/** What the connection is doing. */
async function state(page) {
  const { active } = await page.evaluate(() => window.ask("snapshot", {}));
  return active.download ? `${active.connection.state} and fetching` : active.connection.state;
}

/** Runs in the page: how long each key took to the screen, as the browser tells it. */
function noteKeys() {
  window.keys = [];
  new PerformanceObserver((list) => {
    for (const { name, duration } of list.getEntries()) {
      if (name === "keydown") window.keys.push(duration);
    }
  }).observe({ type: "event", durationThreshold: 16 });
}

function stroke(type, key) {
  const letter = key % 6 === 5 ? " " : "abcdefgh"[key % 8];
  const code = letter === " " ? "Space" : `Key${letter.toUpperCase()}`;
  return {
    type,
    key: letter,
    code,
    windowsVirtualKeyCode: letter.toUpperCase().charCodeAt(0),
    ...(type === "keyDown" ? { text: letter } : {}),
  };
}

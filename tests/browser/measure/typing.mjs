// Writing a message while prices flow and what was missed is fetched.

import { until } from "./home.mjs";
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

export async function typing(home, ends, browser) {
  const feed = await Feed.start(home.project);
  const own = await home.open();
  await feed.watch(own.page);
  const bare = await home.openBare(ends);
  const beside = await write(home, feed, own, bare);
  await bare.close();
  const paint = await write(home, feed, own, own);
  // The trace holds frames up, so that what it tells is asked for on its own.
  const events = await traced(browser, own.page, () => write(home, feed, own, own));
  const work = workOfKeys(events);
  await own.page.getByTestId("composer").fill("");
  await own.close();
  const [late, bareLate] = [paint, beside].map((keys) => percentile(keys, 95));
  return [
    figure("a key, script and layout, p50", percentile(work, 50), "ms"),
    figure("a key, script and layout, p95", percentile(work, 95), "ms", WORK_AIM),
    figure("a key to the screen, p50", percentile(paint, 50), "ms"),
    figure("a key to the screen, p95", late, "ms", PAINT_AIM),
    figure("a key to the screen in the bare page, p95", bareLate, "ms"),
    figure("a key to the screen, p95, to the bare page's", late / bareLate, "ratio"),
  ];
}

/** Writes in a page while the engine fetches what it missed, and prices flow; each key in ms. */
async function write(home, feed, own, { page, tools }) {
  await own.page.evaluate(() => window.ask("disconnect", {}));
  await until(own.page, async () => {
    const { active } = await window.ask("snapshot", {});
    return active.connection.state === "offline";
  });
  const now = Date.now();
  for (let written = 0; written < MISSED; written += BATCH) {
    await home.write(GROWN, BATCH, now - (MISSED - written) * 40_000);
  }
  await page.bringToFront();
  const field = page.getByTestId("composer");
  await field.fill("");
  await field.click();
  await page.evaluate(noteKeys);
  const writing = feed.flow(1, RATE);
  await own.page.evaluate(() => window.ask("connect", {}));
  const before = await state(own.page);
  for (let key = 0; key < KEYS; key += 1) {
    await tools.send("Input.dispatchKeyEvent", stroke("keyDown", key));
    await tools.send("Input.dispatchKeyEvent", stroke("keyUp", key));
    await page.waitForTimeout(APART);
  }
  const after = await state(own.page);
  await writing.stop();
  const told = await page.evaluate(() => window.told());
  const written = (await field.inputValue()).length;
  if (written !== KEYS) throw new Error(`${written} of ${KEYS} keys were written`);
  console.log(`typing: ${told.length} keys over ${LEAST_TOLD} ms, from ${before} to ${after}`);
  return [...told, ...Array(Math.max(0, KEYS - told.length)).fill(LEAST_TOLD)];
}

/** What the connection is doing. */
async function state(page) {
  const { active } = await page.evaluate(() => window.ask("snapshot", {}));
  return active.download ? `${active.connection.state} and fetching` : active.connection.state;
}

/** Runs in the page: how long each key took to the screen, as the browser tells it. */
function noteKeys() {
  const keys = [];
  const take = (entries) => {
    for (const { name, duration } of entries) if (name === "keydown") keys.push(duration);
  };
  const observer = new PerformanceObserver((list) => take(list.getEntries()));
  observer.observe({ type: "event", durationThreshold: 16 });
  window.told = () => {
    take(observer.takeRecords());
    observer.disconnect();
    return keys;
  };
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

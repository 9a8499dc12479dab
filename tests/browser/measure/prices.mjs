// Prices that flow by the thousand, with the watch-list in view.

import { figure, median } from "./figures.mjs";
import { busy } from "./scroll.mjs";

/** Symbols that have prices; the first ones are watched. */
const SYMBOLS = 100;
const WATCHED = 12;
/** How often all of them are written, a second. */
const RATE = 10;
const COUNTED = 10;
const TURNS = 3;
const AIM = 15;

export async function pricing(home) {
  const feed = await Feed.start(home.project);
  const opened = await home.open();
  const { page, tools, close } = opened;
  await feed.watch(page);
  await page.getByTestId("watch-row").nth(WATCHED - 1).waitFor();
  const quiet = await share(tools, page);
  const writing = feed.flow(SYMBOLS, RATE);
  const shares = [];
  const frames = [];
  const drawn = [];
  for (let turn = 0; turn < TURNS; turn += 1) {
    const written = feed.written;
    const before = await told(page);
    await page.evaluate(countTicks);
    shares.push(await share(tools, page));
    drawn.push((await page.evaluate(() => window.ticks.splice(0).length)) / COUNTED);
    frames.push((feed.written - written) / COUNTED);
    console.log(
      `prices ${turn + 1} of ${TURNS}: ${frames.at(-1)} written/s, ` +
        `${((await told(page)) - before) / COUNTED} frames/s, ` +
        `${drawn.at(-1)} drawn/s, busy ${shares.at(-1).toFixed(1)} %`,
    );
  }
  await writing.stop();
  await close();
  return [
    figure("prices, rows written", median(frames), "a second"),
    figure("prices, digits changed on the page", median(drawn), "a second"),
    figure("prices, main thread without any", quiet, "%"),
    figure("prices, main thread with 1,000 a second", median(shares), "%", AIM),
  ];
}

/** The main thread's part of the next seconds, in percent. */
async function share(tools, page) {
  const before = await busy(tools);
  const began = performance.now();
  await page.waitForTimeout(COUNTED * 1000);
  return (100 * ((await busy(tools)) - before)) / (performance.now() - began);
}

/** Frames that the engine has received. */
async function told(page) {
  const { counters } = await page.evaluate(() => window.ask("diagnostics", {}));
  return counters.find(({ name }) => name === "frames in")?.value ?? Number.NaN;
}

/** Runs in the page: notes each price that is drawn. */
function countTicks() {
  if (window.ticks) return;
  window.ticks = [];
  const panel = document.querySelector("[data-testid=watch-row]").parentElement;
  const options = { subtree: true, attributes: true, attributeFilter: ["data-value"], childList: true };
  new MutationObserver((changes) => {
    for (const { target, addedNodes } of changes) {
      const node = [...addedNodes].find((each) => each.dataset?.testid === "price") ?? target;
      if (node.dataset?.testid === "price") window.ticks.push(node.dataset.symbol);
    }
  }).observe(panel, options);
}

/** What writes prices. */
export class Feed {
  written = 0;
  #project;
  #turn = 0;

  static async start(project) {
    const feed = new Feed();
    feed.#project = project;
    await feed.write(SYMBOLS);
    return feed;
  }

  /** Has the engine of a page watch some of the symbols. */
  watch(page) {
    const symbols = Array.from({ length: WATCHED }, (_, at) => symbol(at));
    return page.evaluate((wanted) => window.ask("set_watch_list", { symbols: wanted }), symbols);
  }

  /** Writes a price of so many symbols. */
  async write(count) {
    const now = new Date().toISOString();
    this.#turn += 1;
    const rows = Array.from({ length: count }, (_, at) => ({
      id: `00000000-0000-4000-8000-${String(at).padStart(12, "0")}`,
      symbol: symbol(at),
      price: `${100 + at}.${10 + ((this.#turn * 7 + at) % 90)}`,
      change_percentage_24h: `${((this.#turn + at) % 50) / 10}`,
      last_updated: now,
    }));
    await this.#project.upsert("crypto_prices", rows, "id");
    this.written += count;
  }

  /** Writes prices of so many symbols, so often a second, until it is stopped. */
  flow(count, rate) {
    let stopped = false;
    let failed;
    const began = performance.now();
    const run = async () => {
      for (let turn = 1; !stopped; turn += 1) {
        await this.write(count);
        const wait = began + (turn * 1000) / rate - performance.now();
        await new Promise((due) => setTimeout(due, Math.max(0, wait)));
      }
    };
    const done = run().catch((error) => {
      failed = error;
    });
    return {
      stop: async () => {
        stopped = true;
        await done;
        if (failed) throw failed;
      },
    };
  }
}

function symbol(at) {
  return `SYM${String(at).padStart(3, "0")}`;
}

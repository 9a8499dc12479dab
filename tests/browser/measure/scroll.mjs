// Scrolling back through many messages, beside the bare page with the same texts.

import { figure, median, percentile, sum } from "./figures.mjs";

/** How fast, in px a second: some two hundred messages. */
const SPEED = 12_000;
/** How far in one turn, in px. */
const FAR = 120_000;
const TURNS = 5;
/** A frame that took longer was missed, in ms. */
const LATE = 25;
/** The shortest task that counts as long, in ms: where the bare page has none, the ratio is to one. */
const LONG_TASK = 50;

const FRAMES_AIM = 1;
const TASKS_AIM = 1.2;

/** Both pages in turn, each going on from where it was. */
export async function scrolling(home, ends) {
  const pages = { own: await home.open(), bare: await home.openBare(ends) };
  const turns = { own: [], bare: [] };
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const name of ["bare", "own"]) {
      const seen = await scroll(pages[name]);
      turns[name].push(seen);
      const { late, long, task, top } = seen;
      console.log(
        `scroll ${turn + 1} of ${TURNS}, ${name}: ${late.toFixed(1)} % late, ` +
          `long tasks ${long.toFixed(0)} ms, busy ${task.toFixed(0)} ms; at message ${top}`,
      );
    }
  }
  await pages.own.close();
  await pages.bare.close();
  const of = (name, value) => median(turns[name].map((turn) => turn[value]));
  const long = of("own", "long") / Math.max(of("bare", "long"), LONG_TASK);
  return [
    figure("scrolling, frames over 25 ms", of("own", "late"), "%", FRAMES_AIM),
    figure("scrolling the bare page, frames over 25 ms", of("bare", "late"), "%"),
    figure("scrolling, frame p95", of("own", "p95"), "ms"),
    figure("scrolling the bare page, frame p95", of("bare", "p95"), "ms"),
    figure("scrolling, long tasks in a turn", of("own", "long"), "ms"),
    figure("scrolling the bare page, long tasks in a turn", of("bare", "long"), "ms"),
    figure("scrolling, long tasks to the bare page's", long, "ratio", TASKS_AIM),
    figure("scrolling, main thread to the bare page's", of("own", "task") / of("bare", "task"), "ratio"),
  ];
}

async function scroll({ page, tools }) {
  const before = await busy(tools);
  await page.evaluate(() => window.frames.start());
  await tools.send("Input.synthesizeScrollGesture", {
    x: 640,
    y: 400,
    yDistance: FAR,
    speed: SPEED,
    gestureSourceType: "mouse",
    preventFling: true,
  });
  const { between, long } = await page.evaluate(() => window.frames.stop());
  const task = (await busy(tools)) - before;
  const top = await page.evaluate(() => {
    const rows = document.querySelectorAll("article p");
    return Number.parseInt(rows[Math.floor(rows.length / 2)].textContent, 10);
  });
  return {
    late: (100 * between.filter((each) => each > LATE).length) / between.length,
    p95: percentile(between, 95),
    long: sum(long),
    task,
    top,
  };
}

/** What the main thread has worked, in ms. */
export async function busy(tools) {
  const { metrics } = await tools.send("Performance.getMetrics");
  return 1000 * metrics.find(({ name }) => name === "TaskDuration").value;
}

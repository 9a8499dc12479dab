// What the browser's own trace says of a page's main thread.

const CATEGORIES = ["devtools.timeline", "disabled-by-default-devtools.timeline", "toplevel"];
/** Script, and the work that a frame needs before it is painted. */
const WORK = new Set([
  "EventDispatch",
  "FunctionCall",
  "RunMicrotasks",
  "v8.callFunction",
  "TimerFire",
  "FireAnimationFrame",
  "EvaluateScript",
  "UpdateLayoutTree",
  "Layout",
]);

/** Records what a page does while something is done with it. */
export async function traced(browser, page, act) {
  await browser.startTracing(page, { categories: CATEGORIES });
  await act();
  const recorded = await browser.stopTracing();
  return JSON.parse(recorded.toString()).traceEvents;
}

/**
 * Script and layout after each key, until the frame that shows it was painted, in ms. Prices and
 * all else that falls into that time counts.
 */
export function workOfKeys(events) {
  const keys = events.filter(
    ({ name, args }) => name === "EventDispatch" && args?.data?.type === "keydown",
  );
  const { pid, tid } = keys[0] ?? {};
  const thread = events.filter((event) => event.pid === pid && event.tid === tid);
  const work = merged(
    thread.filter(({ name, ph }) => ph === "X" && WORK.has(name)).map(({ ts, dur }) => [ts, ts + dur]),
  );
  const paints = thread.filter(({ name, ph }) => ph === "X" && name === "Paint").map(({ ts, dur }) => ts + dur);
  return keys.flatMap(({ ts }) => {
    const painted = paints.find((at) => at > ts);
    if (painted === undefined) return [];
    const within = work.map(([from, to]) => Math.max(0, Math.min(to, painted) - Math.max(from, ts)));
    return [within.reduce((total, each) => total + each, 0) / 1000];
  });
}

/** Times that overlap, as times that do not. */
function merged(times) {
  const found = [];
  for (const [from, to] of times.sort(([a], [b]) => a - b)) {
    const last = found.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else found.push([from, to]);
  }
  return found;
}

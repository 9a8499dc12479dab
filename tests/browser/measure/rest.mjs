// The page with a conversation open and nothing happening.

import { figure, median } from "./figures.mjs";

const COUNTED = 10;
const TURNS = 3;
const CPU_AIM = 0.5;
/** Nothing is measured before the page has done what it does after it was opened, in ms. */
const SETTLING = 5000;

export async function resting(home, _ends, browser) {
  const { page, close } = await home.open();
  const tools = await browser.newBrowserCDPSession();
  await page.waitForTimeout(SETTLING);
  const running = await page.evaluate(() =>
    document.getAnimations().filter(({ playState }) => playState === "running").length,
  );
  const shares = [];
  for (let turn = 0; turn < TURNS; turn += 1) {
    const before = await worked(tools);
    await page.waitForTimeout(COUNTED * 1000);
    shares.push((100 * ((await worked(tools)) - before)) / COUNTED);
  }
  await close();
  return [
    figure("at rest, animations that run", running, "", 0),
    figure("at rest, the page's process", median(shares), "% of a core", CPU_AIM),
  ];
}

/** Processor time of the processes with pages, in seconds. */
async function worked(tools) {
  const { processInfo } = await tools.send("SystemInfo.getProcessInfo");
  const pages = processInfo.filter(({ type }) => type === "renderer");
  return pages.reduce((total, { cpuTime }) => total + cpuTime, 0);
}

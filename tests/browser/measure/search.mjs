// From a key in the search to the messages that it finds, on the screen.

import { figure, percentile } from "./figures.mjs";
import { text } from "./words.js";

/** Where in the talk the words stand that are looked for: common ones and rare ones. */
const PLACES = [0.03, 0.11, 0.19, 0.31, 0.42, 0.55, 0.68, 0.77, 0.86, 0.95];
/** Between two keys, in ms: what one brings is there before the next one. */
const APART = 400;
const AIM = 50;

export async function searching(home) {
  const { page, close } = await home.open();
  const shown = [];
  for (const place of PLACES) {
    const [, first, second] = text(Math.floor(home.count * place)).split(" ");
    const wanted = first.length > second.length ? first : second;
    await page.keyboard.press("Control+k");
    await page.getByTestId("palette-input").waitFor();
    await page.evaluate(() => window.changes.start("[data-testid=palette]"));
    for (const letter of wanted) {
      await page.keyboard.press(letter);
      await page.waitForTimeout(APART);
    }
    shown.push(...(await page.evaluate(() => window.changes.stop())));
    await page.locator("[id^=palette-message-]").first().waitFor();
    await page.keyboard.press("Escape");
  }
  await close();
  // A key that changed nothing that is seen found what was found before.
  const changed = shown.filter((each) => each !== undefined && each !== null);
  console.log(`search: ${changed.length} of ${shown.length} keys changed what is seen`);
  return [
    figure("search, key to what is found, p50", percentile(changed, 50), "ms"),
    figure("search, key to what is found, p95", percentile(changed, 95), "ms", AIM),
  ];
}

// Makes the pictures: the page of ui/dev in Chromium, at one instant, at rest.

import sharp from "sharp";
import { openPage } from "../../browser/support/chromium.mjs";
import { show } from "../../browser/support/screens.mjs";

/** A Tuesday. The page sets its own time of day. */
const INSTANT = new Date("2025-10-14T12:00:00Z");
const OPTIONS = {
  instant: INSTANT,
  deviceScaleFactor: 1,
  reducedMotion: "reduce",
  locale: "en-GB",
  timezoneId: "UTC",
};
/** What is seen around a part: its shadow, and some of what it lies over. */
const MARGIN = 8;
/** Stands where a part leaves the window out. */
const OUTSIDE = { r: 128, g: 128, b: 128 };

/** One look, on a page that stays open until `close`. */
export class Album {
  #watched;
  #fixture;
  #look;

  static async open(browser, fixture, look) {
    const album = new Album();
    album.#look = look;
    album.#fixture = fixture;
    album.#watched = await openPage(browser, fixture.url, { ...OPTIONS, viewport: look.size });
    return album;
  }

  /**
   * A screen as two pictures of the window's size, both PNG: the whole window, and what is compared
   * of it. A screen that names a part is the conversation but for that part, and the conversation is
   * a screen of its own: kept for each of them it would only make the approved pictures large.
   */
  async take(screen) {
    const { page } = this.#watched;
    await show(page, this.#fixture, screen, this.#look);
    const whole = await page.screenshot({ animations: "disabled", caret: "hide", scale: "css" });
    const box =
      screen.part && (await page.locator(screen.part).filter({ visible: true }).first().boundingBox());
    await this.#watched.clean();
    return { whole, compared: box ? await within(whole, box, this.#look.size) : whole };
  }

  close() {
    return this.#watched.close();
  }
}

/** The picture with nothing outside of a box and its margin, which stays where it is. */
async function within(picture, box, { width, height }) {
  const left = Math.max(0, Math.floor(box.x) - MARGIN);
  const top = Math.max(0, Math.floor(box.y) - MARGIN);
  const right = Math.min(width, Math.ceil(box.x + box.width) + MARGIN);
  const bottom = Math.min(height, Math.ceil(box.y + box.height) + MARGIN);
  return sharp(picture)
    .removeAlpha()
    .extract({ left, top, width: right - left, height: bottom - top })
    .extend({
      left,
      top,
      right: width - right,
      bottom: height - bottom,
      background: OUTSIDE,
    })
    .png()
    .toBuffer();
}

// Whether a picture is the approved one, within a tolerance.

import pixelmatch from "pixelmatch";
import sharp from "sharp";

/** How far a pixel's colour may be off, of the way from black to white. */
const COLOUR = 0.02;
/** How many pixels may be off further than that in any square of the page. */
const PIXELS = 3;
const SQUARE = 16;

/**
 * Holds a picture against the approved one.
 *
 * @returns {Promise<{ problem: string, difference?: Buffer } | undefined>} what is wrong, with a PNG
 *   that marks it; nothing where nothing is.
 */
export async function judge(actual, approved) {
  if (approved === undefined) {
    return {
      problem:
        "there is no approved picture; look at the new one, then approve it: cargo xtask tour --approve",
    };
  }
  const [is, should] = await Promise.all([pixels(actual), pixels(approved)]);
  const { width, height } = should;
  if (is.width !== width || is.height !== height) {
    return {
      problem: `the picture is ${is.width}×${is.height}, the approved one ${width}×${height}`,
    };
  }
  const marked = Buffer.alloc(should.data.length);
  const options = { threshold: COLOUR, includeAA: true, windowSize: SQUARE };
  const off = pixelmatch(should.data, is.data, marked, width, height, options);
  if (off <= PIXELS) return undefined;
  return {
    problem: `${off} pixels differ within ${SQUARE}×${SQUARE}; ${PIXELS} may`,
    difference: await sharp(marked, { raw: { width, height, channels: 4 } }).png().toBuffer(),
  };
}

async function pixels(picture) {
  const { data, info } = await sharp(picture)
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

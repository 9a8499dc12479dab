// Whether this machine draws text as the one did on which the pictures were approved. Another
// version of the browser or of a font library moves every letter a little: no picture would be the
// approved one, and none would be wrong.

import { createHash } from "node:crypto";
import { judge } from "./judge.mjs";
import { typefaces, write } from "./text.mjs";

const SIZES = [11, 13, 14, 20];
const TEXT = "Hamburgefonstiv ÄÖÜß 0123456789 −1.24 % “fi” §&@ €";
/** What to do where pictures cannot be compared. */
const REMEDY =
  "compare on the machine that approved them, or look at all pictures and approve them here: cargo xtask tour --approve";

/** How this machine draws: the browser's version, the typefaces, and a picture of text alone. */
export async function rendering(browser) {
  const fonts = await typefaces();
  const hash = createHash("sha256");
  for (const { bytes } of fonts) hash.update(bytes);
  const lines = fonts.flatMap(({ family }) => SIZES.map((size) => [family, size, TEXT]));
  return {
    chromium: browser.version(),
    typefaces: hash.digest("hex"),
    probe: await write(browser, fonts, lines),
  };
}

/** Why pictures of this machine cannot be held against the approved ones; false when they can. */
export async function incomparable(here, approved) {
  if (approved === undefined) return false;
  const [major, wanted] = [here.chromium, approved.chromium].map((version) => version.split(".")[0]);
  if (major !== wanted) {
    return `the pictures were approved with Chromium ${wanted}, here is ${major}; ${REMEDY}`;
  }
  // A typeface that was changed in the project is a change of every screen, to be looked at.
  if (here.typefaces !== approved.typefaces) return false;
  const wrong = await judge(here.probe, approved.probe);
  if (wrong === undefined) return false;
  return `text is drawn differently here (${wrong.problem}); ${REMEDY}`;
}

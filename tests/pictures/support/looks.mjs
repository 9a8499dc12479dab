// The looks that the screens are shown in.

import { ONE_COLUMN, SCREENS } from "../../browser/support/screens.mjs";

const WIDE = { width: 1280, height: 800 };
/** The panel is a drawer here, and the window is low. */
const NARROW = { width: 760, height: 640 };
/** The smallest window: one column. */
const SMALLEST = { width: 480, height: 560 };

export const LOOKS = [
  { name: "light", theme: "light", lang: "en", size: WIDE, screens: SCREENS },
  { name: "dark", theme: "dark", lang: "en", size: WIDE, screens: SCREENS },
  { name: "narrow", theme: "light", lang: "en", size: NARROW, screens: SCREENS },
  { name: "german", theme: "light", lang: "de", size: WIDE, screens: SCREENS },
  { name: "one", theme: "light", lang: "en", size: SMALLEST, screens: ONE_COLUMN },
];

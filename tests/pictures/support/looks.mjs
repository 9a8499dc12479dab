// The looks that every screen is shown in.

const WIDE = { width: 1280, height: 800 };
/** The panel is a drawer here, and the window is low. */
const NARROW = { width: 760, height: 640 };

export const LOOKS = [
  { name: "light", theme: "light", lang: "en", size: WIDE },
  { name: "dark", theme: "dark", lang: "en", size: WIDE },
  { name: "narrow", theme: "light", lang: "en", size: NARROW },
  { name: "german", theme: "light", lang: "de", size: WIDE },
];

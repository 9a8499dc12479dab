import type { Settings } from "./bindings";

const KEY = "tidings.look";

type Look = Pick<Settings, "theme" | "price_palette" | "density" | "motion">;

/** Puts on the last look before the settings are read, so that nothing flashes. */
export function applyRememberedLook(): void {
  try {
    const look = JSON.parse(localStorage.getItem(KEY) ?? "null") as Look | null;
    if (look) put(look);
  } catch {
    // No storage, or not ours: the page's own defaults hold.
  }
}

export function applyLook({ theme, price_palette, density, motion }: Look): void {
  const look = { theme, price_palette, density, motion };
  put(look);
  const text = JSON.stringify(look);
  try {
    // Most starts change nothing, and a write costs them more than a look.
    if (localStorage.getItem(KEY) !== text) localStorage.setItem(KEY, text);
  } catch {
    // Without storage the next start begins with the system's theme.
  }
}

function put(look: Look): void {
  const root = document.documentElement;
  root.dataset.theme = look.theme;
  root.dataset.prices = look.price_palette;
  root.dataset.density = look.density;
  root.dataset.motion = look.motion;
}

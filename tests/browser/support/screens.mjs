// Every screen and dialog that the page of ui/dev shows, and how to come there.

/** Its states, with the test id of what has to be there once it is drawn. */
export const SCREENS = [
  ["conversation", "message"],
  ["offline", "banner"],
  ["catching-up", "banner"],
  ["download", "download"],
  ["signed-out", "banner"],
  ["refused", "banner"],
  ["held", "banner"],
  ["muted", "alerts-muted"],
  ["empty", "no-sessions"],
  ["alerts", "alert-row"],
  ["details", "session-facts"],
  ["chart", "chart-line"],
  ["reader", "composer-closed"],
  ["search", "results"],
  ["palette", "palette-option"],
  ["slash", "slash-option"],
  ["editor", "alert-past"],
  ["outbox", "outbox-row"],
  ["date", "date-field"],
  ["menu", undefined, "[role=menu]"],
  ["join", "join-code"],
  ["invite", "invite-create"],
  ["invite-code", "invite-code"],
  ["own-name", "own-name"],
  ["password", "password-new"],
  ["add-factor", "factor-qr"],
  ["welcome", "welcome"],
  ["connect", undefined, '[data-testid="connect-submit"]:enabled'],
  ["sign-in", "signin-email"],
  ["browser", "browser-wait"],
  ["second-factor", "factor-code"],
  ["blocked", "sound-problem"],
  ...["account", "appearance", "chat", "market", "alerts", "shortcuts", "storage", "advanced"].map(
    (section) => ["settings", "settings", undefined, section],
  ),
].map(([state, testid, css, section]) => ({
  name: section === undefined ? state : `${state}-${section}`,
  state,
  section,
  css: css ?? `[data-testid="${testid}"]`,
}));

/** Goes to a screen, and returns once it is drawn and at rest. */
export async function show(page, fixture, screen, { theme = "light", lang = "en" } = {}) {
  const url = new URL(fixture.url);
  url.searchParams.set("theme", theme);
  url.searchParams.set("lang", lang);
  if (screen.section !== undefined) url.searchParams.set("section", screen.section);
  url.hash = screen.state;
  // A page that differs in its hash alone would not be loaded anew.
  await page.goto("about:blank");
  await page.goto(url.href);
  await page.locator(screen.css).first().waitFor();
  await page.waitForFunction((wanted) => document.documentElement.lang.startsWith(wanted), lang);
  await settled(page);
}

/** Waits until nothing moves and two frames were drawn. */
export async function settled(page) {
  await page.evaluate(() => document.fonts.ready.then(() => undefined));
  await page.waitForFunction(() => document.getAnimations().length === 0);
  await page.evaluate(
    () => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))),
  );
}

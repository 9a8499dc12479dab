// Every screen, dialog and menu that a person meets, on the page of ui/dev, and how to come there.

const DIALOG = "[role=dialog]";
const MENU = "[role=menu]";
const PANEL = "aside";
const BANNER = "[data-testid=banner]";
const TOAST = "[data-testid=toast]";
const DOCK = "[data-region=composer]";
const SECTIONS = [
  "account",
  "appearance",
  "chat",
  "market",
  "alerts",
  "shortcuts",
  "storage",
  "privacy",
  "advanced",
];

/** For `act`: presses what has these test ids, one after another. */
const press =
  (...testids) =>
  async (page) => {
    for (const testid of testids) await page.getByTestId(testid).first().click();
  };

/** For `act`: reaches for the tools of the newest message, and presses one of them. */
const tool = (testid) => async (page) => {
  const newest = page.getByTestId("message").last();
  await newest.hover();
  await newest.getByTestId(testid).click();
};

/** For `act`: plays a voice message, halts it, and goes to its tenth second. */
const heard = (id) => async (page) => {
  const voice = page.locator(`[data-message-id=${id}] [data-testid=voice]`);
  await voice.getByTestId("voice-play").click();
  await page.locator(`[data-message-id=${id}] [data-phase=playing]`).waitFor();
  await voice.getByTestId("voice-play").click();
  await voice.getByTestId("voice-position").focus();
  for (const key of ["Home", "ArrowRight", "ArrowRight"]) await page.keyboard.press(key);
  await inOnePiece(page);
};

/**
 * Has all messages drawn anew. What changed bit by bit was drawn in parts, and round edges in it look
 * a little different by what came together.
 */
async function inOnePiece(page) {
  for (const opacity of ["0", ""]) {
    await page.getByRole("log").evaluate(async (list, value) => {
      list.style.opacity = value;
      await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
    }, opacity);
  }
}

/**
 * `shows` is the test id of what has to be there once it is drawn, `css` names what has none. `act`
 * does what a person does to come there; `part` is what the screen is about, where the rest of the
 * window is that of the conversation.
 */
export const SCREENS = [
  { name: "conversation", shows: "message" },
  { name: "offline", shows: "banner" },
  { name: "catching-up", shows: "banner", part: BANNER },
  { name: "download", shows: "download", part: "footer" },
  { name: "signed-out", shows: "banner", part: BANNER },
  { name: "refused", shows: "banner", part: BANNER },
  { name: "disk-full", shows: "banner", part: BANNER },
  { name: "project-paused", shows: "banner", part: BANNER },
  { name: "project-gone", shows: "banner", part: BANNER },
  { name: "clock", shows: "banner", part: BANNER },
  { name: "held", shows: "banner", part: "main" },
  { name: "muted", shows: "alerts-muted", part: "footer" },
  { name: "paused", shows: "paused", part: "footer" },
  { name: "empty", shows: "no-sessions" },
  {
    name: "empty-session",
    state: "conversation",
    act: (page) => page.getByTestId("session-row").filter({ hasText: "Postgres tuning" }).click(),
    shows: "conversation-empty",
    part: "main",
  },
  {
    name: "find",
    state: "conversation",
    act: async (page) => {
      await page.keyboard.press("Control+f");
      await page.keyboard.type("index");
    },
    css: "[data-testid=find-count]:not(:empty)",
    part: "[data-testid=find]",
  },
  { name: "kinds", shows: "adapter-card", part: "main" },
  {
    name: "voice",
    state: "kinds",
    act: heard("k5-plays"),
    css: "[data-testid=voice][data-phase=paused]",
    part: "[data-message-id=k5-plays]",
  },
  {
    name: "voice-problem",
    state: "kinds",
    act: (page) => page.locator("[data-message-id=k5-fails] [data-testid=voice-play]").click(),
    shows: "voice-problem",
    part: "[data-message-id=k5-fails]",
  },
  { name: "no-access", shows: "composer-closed", part: "main" },
  { name: "unreachable", shows: "banner", part: BANNER },
  { name: "local", shows: "ticker", panel: true, part: PANEL },
  { name: "start-failure", shows: "start-failure" },
  { name: "told", shows: "toast", part: TOAST },
  {
    name: "exported",
    state: "conversation",
    act: press("session-menu", "session-export-markdown"),
    shows: "toast",
    part: TOAST,
  },
  {
    name: "tools",
    state: "conversation",
    act: (page) => page.getByTestId("message").last().hover(),
    hovers: true,
    css: "[data-message-id=m4] [role=toolbar]",
    part: "[data-message-id=m4]",
  },
  {
    name: "message-menu",
    state: "conversation",
    act: tool("message-more"),
    css: MENU,
    part: MENU,
  },
  {
    name: "edit",
    state: "conversation",
    act: tool("message-edit"),
    shows: "message-edit-box",
    part: "article:has([data-testid=message-edit-box])",
  },
  {
    name: "reply",
    state: "conversation",
    act: tool("message-reply"),
    css: `${DOCK} .reply`,
    part: DOCK,
  },
  {
    name: "session-menu",
    state: "conversation",
    act: press("session-menu"),
    css: MENU,
    part: MENU,
  },
  {
    name: "workspace-menu",
    state: "conversation",
    act: press("workspace-switcher"),
    css: MENU,
    part: MENU,
  },
  { name: "menu", css: MENU, part: MENU },
  { name: "slash", shows: "slash-option", part: "main" },
  { name: "alerts", shows: "alert-row", panel: true, part: PANEL },
  {
    name: "alerts-history",
    state: "alerts",
    act: (page) => page.getByTestId("alert-history-row").last().scrollIntoViewIfNeeded(),
    shows: "alert-history-row",
    panel: true,
    part: PANEL,
  },
  { name: "alerts-empty", shows: "alert-new", panel: true, part: PANEL },
  {
    name: "alert-menu",
    state: "alerts",
    act: (page) => page.getByTestId("alert-row").first().getByRole("button").last().click(),
    css: MENU,
    panel: true,
    part: MENU,
  },
  { name: "details", shows: "session-facts", panel: true, part: PANEL },
  { name: "chart", shows: "chart-line", panel: true, part: PANEL },
  {
    name: "chart-table",
    state: "chart",
    act: press("chart-table-toggle"),
    shows: "chart-table",
    panel: true,
    part: PANEL,
  },
  {
    name: "symbols",
    state: "conversation",
    act: press("symbol-add"),
    shows: "symbol-find",
    panel: true,
    part: PANEL,
  },
  { name: "reader", shows: "composer-closed", part: DOCK },
  {
    name: "reader-details",
    state: "reader",
    act: (page) => page.keyboard.press("Control+Shift+D"),
    shows: "participants",
    part: PANEL,
  },
  {
    name: "member-menu",
    state: "details",
    act: press("member-menu"),
    css: MENU,
    panel: true,
    part: MENU,
  },
  {
    name: "search",
    state: "conversation",
    act: async (page) => {
      await page.keyboard.press("Control+k");
      await page.getByTestId("palette-input").fill("retention policy");
      await page.keyboard.press("Control+Enter");
    },
    shows: "result",
    part: "main",
  },
  { name: "search-none", shows: "results", part: "main" },
  { name: "palette", shows: "palette-option", part: DIALOG },
  {
    name: "palette-empty",
    state: "conversation",
    act: (page) => page.keyboard.press("Control+k"),
    shows: "palette-option",
    part: DIALOG,
  },
  { name: "editor", shows: "alert-past", part: DIALOG },
  {
    name: "editor-second",
    state: "editor",
    act: async (page) => {
      await press("alert-second-add")(page);
      await page.keyboard.type("60000");
    },
    css: "[data-testid=alert-second-price]:focus",
    part: DIALOG,
  },
  {
    name: "editor-own",
    state: "editor",
    act: press("alert-rearm", "alert-rearm-own", "alert-expires", "alert-expires-own"),
    css: "[data-testid=alert-expires-day]:focus",
    part: DIALOG,
  },
  {
    name: "snooze",
    state: "alerts",
    act: async (page) => {
      await page.getByTestId("alert-row").first().getByRole("button").last().click();
      await press("alert-snooze-own")(page);
    },
    css: "[data-testid=snooze-figure]:focus",
    panel: true,
    part: DIALOG,
  },
  { name: "outbox", shows: "outbox-row", part: DIALOG },
  { name: "date", shows: "date-field", part: DIALOG },
  {
    name: "shortcuts",
    state: "conversation",
    act: (page) => page.keyboard.press("Control+/"),
    css: DIALOG,
    part: DIALOG,
  },
  {
    name: "new-session",
    state: "conversation",
    act: press("new-session"),
    shows: "session-name",
    part: DIALOG,
  },
  {
    name: "rename",
    state: "conversation",
    act: press("session-menu", "session-rename"),
    shows: "session-name",
    part: DIALOG,
  },
  {
    name: "delete",
    state: "conversation",
    act: press("session-menu", "session-delete"),
    shows: "confirm-action",
    part: DIALOG,
  },
  { name: "join", shows: "join-code", part: DIALOG },
  { name: "invite", shows: "invite-create", part: DIALOG },
  { name: "invite-code", shows: "invite-code", part: DIALOG },
  {
    name: "sign-in-again",
    state: "signed-out",
    act: press("banner-sign-in"),
    shows: "signin-password",
    part: DIALOG,
  },
  { name: "own-name", shows: "own-name", part: DIALOG },
  { name: "password", shows: "password-new", part: DIALOG },
  { name: "add-factor", shows: "factor-qr", part: DIALOG },
  { name: "welcome", shows: "welcome" },
  { name: "connect", css: '[data-testid="connect-submit"]:enabled' },
  { name: "sign-in", shows: "signin-email" },
  { name: "sign-up", state: "sign-in", act: press("signin-turn"), shows: "signin-email" },
  {
    name: "mail-code",
    state: "sign-in",
    act: press("signin-code"),
    shows: "code-input",
  },
  { name: "browser", shows: "browser-wait" },
  { name: "second-factor", shows: "factor-code" },
  { name: "blocked", shows: "sound-problem" },
  { name: "privacy", shows: "lock-now", part: "main" },
  { name: "passphrase", shows: "passphrase-new", part: DIALOG },
  { name: "locked", css: "[data-testid=lock-passphrase]:focus" },
  {
    name: "locked-wrong",
    state: "locked",
    act: async (page) => {
      await page.getByTestId("lock-passphrase").fill("wrong horse");
      await page.keyboard.press("Enter");
    },
    css: "[data-testid=locked] [role=alert]",
  },
  {
    name: "locked-over",
    state: "locked",
    act: press("lock-forgotten"),
    shows: "lock-unsent",
  },
  {
    name: "settings-search",
    state: "settings",
    section: "appearance",
    act: (page) => page.locator("nav input, [data-testid=settings] input").first().fill("pr"),
    css: "[data-testid=settings] mark",
    part: "main",
  },
  {
    name: "remove-here",
    state: "settings",
    section: "storage",
    act: press("size-remove"),
    shows: "confirm-action",
    part: DIALOG,
  },
  ...SECTIONS.map((section) => ({
    name: `settings-${section}`,
    state: "settings",
    section,
    shows: "settings",
    // The list of sections is seen once.
    ...(section === SECTIONS[0] ? {} : { part: "main" }),
  })),
].map(described);

/** What also matters where there is room for one column alone. */
const IN_ONE_COLUMN = new Set([
  "conversation",
  "offline",
  "empty",
  "find",
  "kinds",
  "reader",
  "tools",
  "reply",
  "edit",
  "slash",
  "session-menu",
  "alerts",
  "alerts-history",
  "details",
  "member-menu",
  "chart",
  "symbols",
  "search",
  "search-none",
  "palette",
  "editor",
  "editor-second",
  "editor-own",
  "snooze",
  "outbox",
  "date",
  "invite-code",
  "welcome",
  "connect",
  "sign-in",
  "second-factor",
  "settings-account",
  "settings-shortcuts",
  "settings-storage",
  "settings-search",
  "privacy",
  "passphrase",
  "locked",
  "locked-wrong",
  "locked-over",
]);

/** The screens of one column: the list of sessions is one of its own there. */
export const ONE_COLUMN = [
  ...[
    { name: "sessions", state: "conversation", act: press("back"), css: "[data-region=sidebar]" },
    {
      name: "sessions-empty",
      state: "empty",
      act: press("back"),
      css: "[data-region=sidebar]",
    },
    { name: "market", state: "conversation", panel: true, shows: "watch-row", part: PANEL },
  ].map(described),
  ...SCREENS.filter(({ name }) => IN_ONE_COLUMN.has(name)),
];

function described({ state, shows, css, ...screen }) {
  return { ...screen, state: state ?? screen.name, css: css ?? `[data-testid="${shows}"]` };
}

/** Goes to a screen, and returns once it is drawn and at rest. */
export async function show(page, fixture, screen, look = {}) {
  const { theme = "light", lang = "en", dir = "ltr", compact = false } = look;
  const url = new URL(fixture.url);
  url.searchParams.set("theme", theme);
  url.searchParams.set("lang", lang);
  if (dir !== "ltr") url.searchParams.set("dir", dir);
  if (compact) url.searchParams.set("compact", "");
  if (screen.section !== undefined) url.searchParams.set("section", screen.section);
  if (screen.panel) url.searchParams.set("drawer", "");
  url.hash = screen.state;
  // A page that differs in its hash alone would not be loaded anew.
  await page.goto("about:blank");
  await page.mouse.move(0, 0);
  await page.goto(url.href);
  await page.waitForFunction((wanted) => document.documentElement.lang.startsWith(wanted), lang);
  await page.waitForFunction(() => document.documentElement.dataset.arrived === "");
  if (screen.act) {
    await settled(page);
    await screen.act(page);
    if (!screen.hovers) await page.mouse.move(0, 0);
  }
  await page.locator(screen.css).first().waitFor();
  await settled(page);
}

/** Waits until code is coloured, nothing moves or is about to happen, and two frames were drawn. */
export async function settled(page) {
  await page.waitForFunction(() => document.querySelector("[data-colouring]") === null);
  await still(page);
}

/** The same, whether code is coloured or not. */
export async function still(page) {
  await page.evaluate(() => document.fonts.ready.then(() => undefined));
  await page.waitForFunction(() => document.getAnimations().length === 0 && !window.pending);
  await page.evaluate(
    () => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))),
  );
}

// The places where the page shows what people write, and what no text may become there.

import assert from "node:assert/strict";
import { overflow } from "./judge.mjs";

/** The places of a message, with what the row has beside its content. */
export const KINDS = {
  "written by a person": () => ({ role: "user" }),
  "written by an assistant": () => ({ role: "assistant" }),
  "told by the system": () => ({ role: "system" }),
  "in a voice message": () => ({ role: "user", message_type: "voice" }),
  "on an adapter's card": (text) => ({
    role: "assistant",
    message_type: "adapter_action",
    metadata: {
      action: text,
      adapter: text,
      state: "failed",
      error: text,
      url: text,
      link_label: text,
      parameters: { [text]: text, more: { deep: text } },
    },
  }),
  "as an author's name": (text) => ({ role: "user", metadata: { user_name: text } }),
  "in metadata that nobody knows": (text) => ({
    role: "user",
    metadata: {
      duration_ms: text,
      waveform: [text],
      reply_to: text,
      html: text,
      style: text,
      [text]: text,
    },
  }),
};

/** What nobody's text may ever become. */
const FOREIGN = [
  "script:not([src])",
  "iframe, frame, object, embed, link[rel=import], base, form[action], video, audio, img, meta[http-equiv]",
  "[onerror], [onload], [onclick], [onfocus], [onmouseover], [onanimationstart], [srcdoc], [formaction]",
  "a[href]:not([href^='http:'], [href^='https:'], [href^='mailto:'])",
  "[style*='url('], [style*='expression']",
].join(", ");

/** The elements that a message is drawn with: those of Markdown, and the page's own. */
const DRAWN = new Set(
  [
    "p strong em del code pre br a ul ol li blockquote table thead tbody tr th td hr input",
    "div span section article header button time svg path use circle rect g b bdi small dl dt dd",
  ]
    .join(" ")
    .split(" "),
);

/** The longest that reading a session through may take, in milliseconds. */
const READING = 240_000;

/** What is in the page and should not be. */
export function foreignIn(page) {
  return page.evaluate(
    (css) => [...document.body.querySelectorAll(css)].map((each) => each.outerHTML.slice(0, 200)),
    FOREIGN,
  );
}

/**
 * Reads the open session from its end to its start: what was written in each message. Fails where a
 * message is drawn with an element that is not the page's own, holds what it should not, or reaches
 * out of the list.
 */
export async function readSession(page, count) {
  const seen = new Map();
  // Pages of older messages come when they come.
  const deadline = Date.now() + READING;
  while (seen.size < count && Date.now() < deadline) {
    const [rows, wrong] = await page.evaluate(
      ([css, drawn]) => {
        const shown = [...document.querySelectorAll("[data-testid=message]")];
        const list = document.querySelector("[role=log]");
        const found = [...document.body.querySelectorAll(css)];
        for (const each of document.querySelectorAll("[data-testid=message] *")) {
          const script = [...each.attributes].some(({ name }) => name.startsWith("on"));
          if (script || !drawn.includes(each.localName)) found.push(each);
        }
        // Where a link leads is said in between: what was written is the rest.
        const written = (each) => {
          const copy = each.cloneNode(true);
          for (const place of copy.querySelectorAll("[data-testid=link-place]")) place.remove();
          return copy.textContent;
        };
        const read = shown.map((each) => [each.dataset.messageId, written(each)]);
        // What opens is opened, so that all of a card is read.
        for (const more of document.querySelectorAll("[data-testid=adapter-card] .more"))
          more.click();
        list.scrollTop -= list.clientHeight * 0.8;
        return [read, found.map((each) => each.outerHTML.slice(0, 200))];
      },
      [FOREIGN, [...DRAWN]],
    );
    for (const [id, text] of rows) seen.set(id, text);
    assert.deepEqual(wrong, []);
    assert.deepEqual(await overflow(page), []);
    await page.evaluate(
      () => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))),
    );
  }
  assert.equal(seen.size, count, "not every message was shown");
  return seen;
}

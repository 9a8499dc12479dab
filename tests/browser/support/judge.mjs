// Judgements about a page as it stands.

import { createRequire } from "node:module";

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** What axe finds against WCAG 2.2 AA, as lines. */
export async function violations(page) {
  if (!(await page.evaluate(() => "axe" in window))) {
    // As a debugger would: a script of the page's own origin is all that its policy lets in.
    const { readFile } = await import("node:fs/promises");
    await page.evaluate(await readFile(AXE, "utf8"));
  }
  return page.evaluate(async (tags) => {
    const result = await window.axe.run(document, {
      runOnly: { type: "tag", values: tags },
      resultTypes: ["violations"],
      elementRef: true,
      // A menu stands over the page, outside of its landmarks.
      rules: { region: { enabled: !document.querySelector("[role=menu]") } },
    });
    // What scrolls inside of a message is gone to from the message, which axe does not know: the
    // tests by keys go there.
    const fromMessage = (id, { element }) =>
      id === "scrollable-region-focusable" && element?.closest("[data-message-id]");
    return result.violations.flatMap(({ id, nodes }) =>
      nodes
        .filter((node) => !fromMessage(id, node))
        .map((node) => {
          const why = [...node.any, ...node.all, ...node.none][0]?.message ?? "";
          return `${id}: ${node.target.join(" ")} ${node.html.slice(0, 160)} (${why})`;
        }),
    );
  }, TAGS);
}

/**
 * What reaches out of the page or of a box that scrolls up and down alone, as lines. What is meant
 * to scroll sideways (code, tables) says so by `overflow-x`, and holds what is in it.
 */
export async function overflow(page) {
  return page.evaluate(() => {
    const found = [];
    const name = (each) => {
      const id = each.getAttribute("data-testid");
      const own = id === null ? `.${[...each.classList].join(".")}` : `[${id}]`;
      return `${each.tagName.toLowerCase()}${own}`;
    };
    const wide = document.scrollingElement;
    if (wide.scrollWidth > wide.clientWidth) {
      found.push(`the page: ${wide.scrollWidth} in ${wide.clientWidth}`);
    }
    const sideways = "pre, table, [data-scrolls]";
    for (const each of document.querySelectorAll("body *")) {
      if (!(each instanceof HTMLElement) || each.clientWidth === 0) continue;
      const style = getComputedStyle(each);
      const scrolls = ["auto", "scroll"].includes(style.overflowX);
      if (scrolls && each.scrollWidth > each.clientWidth && !each.matches(sideways)) {
        if (!each.querySelector(sideways)?.parentElement?.isSameNode(each)) {
          found.push(`${name(each)}: ${each.scrollWidth} in ${each.clientWidth}`);
        }
      }
    }
    // Controls out of the window cannot be reached.
    for (const each of document.querySelectorAll("button, input, textarea, a[href]")) {
      const box = each.getBoundingClientRect();
      if (box.width === 0 || getComputedStyle(each).visibility === "hidden") continue;
      let holder = each.parentElement;
      while (holder && !["auto", "scroll"].includes(getComputedStyle(holder).overflowX)) {
        holder = holder.parentElement;
      }
      if (holder?.scrollWidth > holder?.clientWidth) continue;
      if (box.right > window.innerWidth + 0.5 || box.left < -0.5) {
        found.push(`${name(each)}: from ${box.left} to ${box.right} of ${window.innerWidth}`);
      }
    }
    return found;
  });
}

/** Texts in lines of a word each, as lines: what stands beside them takes the room. */
export async function squeezed(page) {
  return page.evaluate(() => {
    const found = [];
    for (const each of document.querySelectorAll("body *")) {
      const own = [...each.childNodes].filter(({ nodeType }) => nodeType === Node.TEXT_NODE);
      const text = own.map(({ data }) => data.trim()).join(" ").trim();
      // What is one pixel wide is seen by nobody; lines of its own has what keeps its white space.
      if (text.length < 20 || each.clientWidth === 1) continue;
      if (getComputedStyle(each).whiteSpace.startsWith("pre")) continue;
      const range = document.createRange();
      range.selectNodeContents(each);
      const ends = [...range.getClientRects()].map(({ bottom }) => Math.round(bottom));
      const lines = new Set(ends).size;
      if (lines > 2 && each.textContent.trim().length / lines < 10) {
        found.push(`“${text}” in ${lines} lines`);
      }
    }
    return found;
  });
}

/**
 * What cannot be read or reached up and down, as lines: a box that scrolls with no height to show
 * what is in it, and controls below or above the window that nothing scrolls to.
 */
export async function cutOff(page) {
  return page.evaluate(() => {
    /** Less than this shows no line of a text with its edges. */
    const LEAST = 24;
    const found = [];
    const name = (each) =>
      `${each.tagName.toLowerCase()} ${each.dataset.testid ?? each.getAttribute("aria-label") ?? each.className}`;
    const scrolls = (each) => ["auto", "scroll"].includes(getComputedStyle(each).overflowY);
    for (const each of document.querySelectorAll("body *")) {
      if (!(each instanceof HTMLElement) || each.clientWidth === 0 || !scrolls(each)) continue;
      if (each.scrollHeight > each.clientHeight && each.clientHeight < LEAST) {
        found.push(`${name(each)}: ${each.clientHeight} high for ${each.scrollHeight}`);
      }
    }
    for (const each of document.querySelectorAll("button, input, textarea, a[href]")) {
      const box = each.getBoundingClientRect();
      if (box.width <= 1 || getComputedStyle(each).visibility === "hidden") continue;
      let holder = each.parentElement;
      while (holder && !scrolls(holder)) holder = holder.parentElement;
      if (holder) continue;
      if (box.bottom > window.innerHeight + 0.5 || box.top < -0.5) {
        found.push(`${name(each)}: from ${box.top} to ${box.bottom} of ${window.innerHeight}`);
      }
    }
    return found;
  });
}

/** For the page: it is drawn as in a window whose own buttons lie over its upper end. */
export function windowButtons(page) {
  return page.evaluate(() => {
    document.documentElement.dataset.window = "controls";
  });
}

/** Controls of the window that its own buttons lie over, as lines. */
export async function covered(page) {
  return page.evaluate(() => {
    const [WIDE, HIGH] = [120, 43];
    const found = [];
    for (const each of document.querySelectorAll(".window :is(button, input, textarea, a[href])")) {
      const box = each.getBoundingClientRect();
      if (box.width <= 1 || getComputedStyle(each).visibility === "hidden") continue;
      // What is in the corner of it, where that is seen at all.
      const [left, top] = [Math.max(box.left, window.innerWidth - WIDE), Math.max(box.top, 0)];
      const bottom = Math.min(box.bottom, HIGH);
      if (box.right <= left || bottom <= top) continue;
      const at = document.elementFromPoint((left + box.right) / 2, (top + bottom) / 2);
      if (!each.contains(at)) continue;
      found.push(`${each.dataset.testid ?? each.getAttribute("aria-label") ?? each.className}`);
    }
    return found;
  });
}

/** Where the focus is, and whether it can be seen; or why not. */
export async function focus(page) {
  return page.evaluate(() => {
    const at = document.activeElement;
    if (!(at instanceof HTMLElement) || at === document.body) return { lost: true };
    const name = at.getAttribute("data-testid") ?? at.getAttribute("aria-label") ?? at.textContent;
    const box = at.getBoundingClientRect();
    const drawn = (each) => {
      const style = getComputedStyle(each);
      const ring = style.outlineStyle !== "none" && Number.parseFloat(style.outlineWidth) > 0;
      const clear = style.outlineColor === "rgba(0, 0, 0, 0)";
      return ring && !clear;
    };
    // In a field for text the caret shows it.
    let seen = at.matches("textarea, input:not([type]), input[type=text]");
    for (let each = at, up = 0; each && up < 4; each = each.parentElement, up += 1) {
      if (drawn(each)) seen = true;
    }
    const inside =
      box.width > 0 &&
      box.bottom > 0 &&
      box.right > 0 &&
      box.top < window.innerHeight &&
      box.left < window.innerWidth;
    return { lost: false, name: name.trim().slice(0, 60), tag: at.tagName, seen, inside };
  });
}

/**
 * Controls that are smaller than a target has to be, as lines (WCAG 2.2, 2.5.8). Links within a
 * text are left out, and fields for text, which are as large as the box around them.
 */
export async function targets(page) {
  return page.evaluate(() => {
    const LEAST = 24;
    const found = [];
    const controls = "button, select, a[href], [role=option], [role=slider], [role=switch]";
    for (const each of document.querySelectorAll(controls)) {
      const { width, height } = each.getBoundingClientRect();
      const style = getComputedStyle(each);
      if (width <= 1 || style.visibility === "hidden" || style.display === "inline") continue;
      if (width < LEAST - 0.01 || height < LEAST - 0.01) {
        const name = each.getAttribute("data-testid") ?? each.getAttribute("aria-label");
        found.push(`${each.tagName.toLowerCase()} ${name ?? each.className}: ${width}×${height}`);
      }
    }
    return found;
  });
}

// Text in the bundled typefaces and nothing else.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { ROOT } from "../../programs.mjs";

const FONTS = [
  ["Inter", "@fontsource-variable/inter/files/inter-latin-opsz-normal.woff2"],
  ["JetBrains Mono", "@fontsource/jetbrains-mono/files/jetbrains-mono-latin-400-normal.woff2"],
];
const SIZE = { width: 480, height: 240 };

/** The typefaces, as the page has them. */
export function typefaces() {
  const resolve = createRequire(join(ROOT, "ui/package.json")).resolve;
  return Promise.all(
    FONTS.map(async ([family, path]) => ({ family, bytes: await readFile(resolve(path)) })),
  );
}

/** A picture of lines of text, each `[family, size in px, text]`. */
export async function write(browser, fonts, lines) {
  const page = await browser.newPage({ viewport: SIZE, deviceScaleFactor: 1 });
  try {
    const faces = fonts.map(
      ({ family, bytes }) =>
        `@font-face { font-family: "${family}"; font-weight: 100 900; src: url(data:font/woff2;base64,${bytes.toString("base64")}) }`,
    );
    const style = "body { margin: 8px } p { margin: 0; white-space: nowrap }";
    await page.setContent(`<!doctype html><style>${faces.join("\n")} ${style}</style>`);
    await page.evaluate((all) => {
      for (const [family, size, text] of all) {
        const line = document.createElement("p");
        line.style.font = `${size}px/24px "${family}"`;
        line.textContent = text;
        document.body.append(line);
      }
    }, lines);
    await page.evaluate(() => document.fonts.ready.then(() => undefined));
    return await page.screenshot();
  } finally {
    await page.close();
  }
}

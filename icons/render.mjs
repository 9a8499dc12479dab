// Draws every form of the icon from icon.svg and the tray's shapes: `node icons/render.mjs`.
// The renderer is that of the Tauri command line, installed with the UI's packages.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const icons = dirname(fileURLToPath(import.meta.url));
const tauri = join(icons, "../ui/node_modules/.bin/tauri");
const scratch = mkdtempSync(join(tmpdir(), "tidings-icons-"));
const render = (source, ...options) =>
  execFileSync(tauri, ["icon", source, "--output", scratch, ...options], { stdio: "pipe" });

render(join(icons, "icon.svg"));
const bundled = ["32x32.png", "128x128.png", "128x128@2x.png", "icon.png", "icon.ico", "icon.icns"];
for (const name of bundled) copyFileSync(join(scratch, name), join(icons, name));

// In a box of 16: the app's mark, and in its lower right corner the state.
const mark = '<path d="M3 6.3c1.7-1.5 3.3-1.5 5 0s3.3 1.5 5 0M8 7.6V13"/>';
const states = {
  plain: "",
  unread: '<circle cx="13" cy="12.5" r="2.5" fill="INK" stroke="none"/>',
  offline: '<circle cx="12.8" cy="12.3" r="2" stroke-width="1.25"/>',
  paused: '<path d="M11.5 10.5v4M14 10.5v4" stroke-width="1.5"/>',
};
// By what is behind them; macOS colours its own from a black template.
const inks = { light: "#1b1f27", dark: "#ffffff", template: "#000000" };

for (const [state, shape] of Object.entries(states)) {
  for (const [behind, ink] of Object.entries(inks)) {
    const source = join(scratch, "tray.svg");
    writeFileSync(
      source,
      `<svg xmlns="http://www.w3.org/2000/svg" width="512" height="512" viewBox="0 0 16 16">
         <g fill="none" stroke="${ink}" stroke-width="1.7" stroke-linecap="round"
           stroke-linejoin="round">${mark}${shape.replace("INK", ink)}</g></svg>`,
    );
    render(source, "--png", "16", "--png", "32");
    for (const [size, suffix] of [["16", ""], ["32", "@2x"]]) {
      const name = `${state}-${behind}${suffix}.png`;
      copyFileSync(join(scratch, `${size}x${size}.png`), join(icons, "tray", name));
    }
  }
}
rmSync(scratch, { recursive: true });

// The page of ui/dev, built and served under the window's own policy: every screen, without a
// program behind it that would have to be brought there.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { extname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT } from "../../programs.mjs";

const UI = join(ROOT, "ui");
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".woff2": "font/woff2",
  ".svg": "image/svg+xml",
};

/** Builds the page into a folder, and serves it. */
export async function startFixture(ends) {
  const folder = await ends.directory("fixture");
  const vite = createRequire(join(UI, "package.json")).resolve("vite");
  const { build } = await import(pathToFileURL(vite).href);
  await build({
    root: UI,
    configFile: join(UI, "vite.config.ts"),
    logLevel: "error",
    build: {
      outDir: folder,
      emptyOutDir: true,
      rollupOptions: { input: join(UI, "dev/fixture.html") },
    },
  });
  const configuration = JSON.parse(await readFile(join(ROOT, "tauri.conf.json"), "utf8"));
  const policy = configuration.app.security.csp;
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://page");
    const file = resolve(folder, `.${decodeURIComponent(pathname)}`);
    try {
      if (!file.startsWith(folder)) throw new Error("outside");
      const bytes = await readFile(file);
      const type = TYPES[extname(file)] ?? "application/octet-stream";
      response.writeHead(200, { "content-type": type, "content-security-policy": policy });
      response.end(bytes);
    } catch {
      // What a page asks for by itself is no fault of it.
      response.writeHead(pathname === "/favicon.ico" ? 204 : 404).end();
    }
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  ends.push(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });
  const { port } = server.address();
  return { url: `http://127.0.0.1:${port}/dev/fixture.html` };
}

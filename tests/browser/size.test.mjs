// What is shipped to the page: all of its scripts, and those of the first screen, as `gzip -9` has them.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

const DIST = new URL("../../ui/dist/", import.meta.url);
/** In bytes. */
const ALL = 250_000;
const FIRST = 115_000;

const gzipped = (path) => gzipSync(readFileSync(new URL(path, DIST)), { level: 9 }).length;
const sum = (paths) => paths.map(gzipped).reduce((all, size) => all + size, 0);

test("all scripts of the page together stay under 250 kB", (context) => {
  const scripts = readdirSync(new URL("assets/", DIST))
    .filter((name) => name.endsWith(".js"))
    .map((name) => `assets/${name}`);
  assert.ok(scripts.length > 3, `only ${scripts}`);
  const size = sum(scripts);
  context.diagnostic(`${size} bytes`);
  assert.ok(size <= ALL, `${size} bytes, ${ALL} at most`);
});

test("what the first screen waits for stays under 115 kB", (context) => {
  const page = readFileSync(new URL("index.html", DIST), "utf8");
  const scripts = [...page.matchAll(/(?:src|href)="\.?\/?(assets\/[^"]+\.js)"/g)].map(
    ([, path]) => path,
  );
  assert.ok(scripts.length > 0, "the page names no script");
  const size = sum(scripts);
  context.diagnostic(`${size} bytes`);
  assert.ok(size <= FIRST, `${size} bytes, ${FIRST} at most`);
});

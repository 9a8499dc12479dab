// The approved pictures: one a screen and look, lossless, and what they were made with.

import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";

/** A folder of approved pictures. */
export class Approved {
  constructor(folder) {
    this.folder = folder;
  }

  #file(look, screen) {
    return join(this.folder, look, `${screen}.webp`);
  }

  /** The picture of a screen, or nothing. */
  read(look, screen) {
    return unlessAbsent(readFile(this.#file(look, screen)));
  }

  async write(look, screen, picture) {
    const file = this.#file(look, screen);
    await mkdir(dirname(file), { recursive: true });
    const bytes = await sharp(picture).removeAlpha().webp({ lossless: true, effort: 6 }).toBuffer();
    await writeFile(file, bytes);
  }

  /** Pictures that no look and screen asks for, as paths in the folder. */
  async stale(looks) {
    const wanted = new Set(
      looks.flatMap((look) => look.screens.map((screen) => `${look.name}/${screen.name}.webp`)),
    );
    const entries = await unlessAbsent(
      readdir(this.folder, { recursive: true, withFileTypes: true }),
    );
    return (entries ?? [])
      .filter((entry) => entry.isFile())
      .map((entry) => relative(this.folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
      .filter((path) => path.includes("/") && !wanted.has(path))
      .sort();
  }

  async remove(path) {
    await rm(join(this.folder, path));
  }

  /** What the pictures were made with, and the picture of text that came with it. */
  async rendering() {
    const text = await unlessAbsent(readFile(join(this.folder, "rendering.json"), "utf8"));
    const probe = await unlessAbsent(readFile(join(this.folder, "probe.webp")));
    return text === undefined || probe === undefined ? undefined : { ...JSON.parse(text), probe };
  }

  async writeRendering({ probe, ...made }) {
    await mkdir(this.folder, { recursive: true });
    await writeFile(join(this.folder, "rendering.json"), `${JSON.stringify(made, undefined, 2)}\n`);
    const bytes = await sharp(probe).removeAlpha().webp({ lossless: true, effort: 6 }).toBuffer();
    await writeFile(join(this.folder, "probe.webp"), bytes);
  }
}

async function unlessAbsent(reading) {
  try {
    return await reading;
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    throw error;
  }
}

/** The pictures of this project. */
export const APPROVED = new Approved(fileURLToPath(new URL("../approved", import.meta.url)));

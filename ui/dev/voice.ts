/** What the fixture's voice messages sound like, made up. */

import { BackendError } from "../src/lib/backend";
import type { VoiceFile } from "../src/lib/bindings";

const RATE = 8000;
const SECONDS = 21;

/** A recording of a tone that swells and fades; one of the messages is no recording. */
export function recording(message: string): VoiceFile {
  if (message === "k5-fails") {
    const text = "The file of this voice message is no audio, so it is not played.";
    throw new BackendError({ code: "refused", message: text, details: null });
  }
  const size = RATE * SECONDS;
  const sound = Array.from({ length: size }, (_, at) => {
    const loud = Math.abs(Math.sin((at / size) * 40) * Math.sin((at / size) * 17));
    return String.fromCharCode(128 + Math.round(loud * 100 * Math.sin(at / 3)));
  });
  const number = (value: number, bytes: number) =>
    Array.from({ length: bytes }, (_, byte) =>
      String.fromCharCode(Math.floor(value / 256 ** byte) % 256),
    ).join("");
  const format = [number(16, 4), number(1, 2), number(1, 2), number(RATE, 4), number(RATE, 4)];
  const head = `RIFF${number(36 + size, 4)}WAVEfmt ${format.join("")}${number(1, 2)}${number(8, 2)}`;
  const content = btoa(`${head}data${number(size, 4)}${sound.join("")}`);
  return { mime_type: "audio/wav", content };
}

import { en } from "../src/lib/i18n/en";
import type { Spoken } from "../src/lib/i18n/spoken.svelte";

/** What the engine says of the made-up rules, where the page is in German. */
export const IN_GERMAN: Readonly<Record<string, string>> = {
  "Crosses above 70,000": "Steigt über 70.000",
  "Crosses below 66,500": "Fällt unter 66.500",
  "Crosses below 67,000": "Fällt unter 67.000",
  "Moves 2 % within 15 min": "Bewegt sich um 2 % in 15 Min.",
  "Crosses above 150": "Steigt über 150",
  "24 h change below −5 %": "24-h-Änderung unter −5 %",
  "Falls 5 % from its high": "Fällt um 5 % vom Hoch",
  "Falls 1.8 % from its high": "Fällt um 1,8 % vom Hoch",
  "BTC crossed below 67,000": "BTC unter 67.000 gefallen",
  "BTC crossed above 70,000": "BTC über 70.000 gestiegen",
  "70,000.00, ▲ +1.24 % in 24 hours": "70.000,00, ▲ +1,24 % in 24 Stunden",
  "Paused after 15 alerts within 3 min": "Pausiert nach 15 Alarmen in 3 Min.",
  "Crosses 147 either way": "Kreuzt 147 in beide Richtungen",
  "No price for 5 min": "Kein Kurs seit 5 Min.",
  "Leaves 0.995 – 1.005": "Verlässt 0,995 – 1,005",
  "SOL crossed above 148": "SOL über 148 gestiegen",
  "SOL crossed above 147": "SOL über 147 gestiegen",
  "BTC moved +2.1 %": "BTC um +2,1 % bewegt",
  "BTC moved −2.0 %": "BTC um −2,0 % bewegt",
  "Below the line: armed at once": "Unter der Linie: sofort scharf",
};

const ACCENTS: Readonly<Record<string, string>> = {
  a: "á",
  c: "ç",
  e: "é",
  i: "ï",
  n: "ñ",
  o: "ö",
  s: "š",
  u: "ü",
  y: "ý",
  z: "ž",
  A: "Å",
  C: "Ç",
  E: "É",
  I: "Ï",
  N: "Ñ",
  O: "Ö",
  S: "Š",
  U: "Ü",
};

/**
 * English with accents and four tenths longer: what stays plain is not in the catalogue, and what
 * is cut has no room for a longer language.
 */
export function pseudo(of: Spoken): Spoken {
  const texts = Object.entries(en).map(([key, message]) => [
    key,
    typeof message === "string"
      ? lengthened(message)
      : Object.fromEntries(Object.entries(message).map(([form, text]) => [form, lengthened(text)])),
  ]);
  return { ...of, catalogue: Object.fromEntries(texts) };
}

function lengthened(text: string): string {
  const accented = text
    .split(/(\{\w+\})/)
    .map((part) => (part.startsWith("{") ? part : part.replace(/[a-z]/gi, (c) => ACCENTS[c] ?? c)))
    .join("");
  const more = Math.ceil(text.replace(/\{\w+\}/g, "").length * 0.4);
  return `[${accented}${" ömnïš".repeat(Math.ceil(more / 6)).slice(0, more)}]`;
}

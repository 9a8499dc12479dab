import { app } from "../state/app.svelte";
import { CHAT, HELP } from "./chat";
import type { SlashCommand } from "./command";
import { MARKET, QUESTIONS } from "./market";

/** What the workspace in front understands. */
export function understood(): readonly SlashCommand[] {
  if (!app.workspace?.local) return [...MARKET, ...CHAT, HELP];
  const asked = new Set(QUESTIONS.map(({ name }) => name));
  return [...QUESTIONS, ...MARKET.filter(({ name }) => !asked.has(name)), ...CHAT];
}

/** The command of a name. */
export function commandOf(name: string): SlashCommand | undefined {
  return understood().find((command) => command.name === name);
}

/** What is possible here and now, and begins with what was written: a name in full first. */
export function offeredFor(begun: string): readonly SlashCommand[] {
  const found = understood().filter(
    ({ name, offered, lacks }) =>
      name.startsWith(begun) && (offered?.() ?? true) && lacks?.() === undefined,
  );
  return found.sort((a, b) => Number(b.name === begun) - Number(a.name === begun));
}

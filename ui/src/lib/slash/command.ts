import type { Key } from "../i18n";
import type { IconName } from "../ui/icons";
import type { SlashText } from "./text";

/** Something that can be written in a place of a command. */
export interface Value {
  value: string;
  /** What it stands for. */
  text?: string;
}

/** One place behind a command's name. */
export interface Argument {
  /** What belongs there; undefined where the values themselves say it. */
  name?: Extract<Key, `slash.arg.${string}`>;
  optional?: true;
  /** Whether it goes on to the end of the line. */
  long?: true;
  /** What can stand there, as far as it is known; `before`: the words in front. */
  values?: (before: readonly string[]) => readonly Value[];
}

/** What is done: nothing to wait for, or in the end why it could not be. */
export type Done = undefined | Promise<string | undefined>;

interface Base {
  /** The same in every language. */
  name: string;
  icon: IconName;
  /** What it does, in one line. */
  text: Extract<Key, `slash.do.${string}`>;
  args: readonly Argument[];
  /** Whether it is offered here and now; what is not offered may still be understood. */
  offered?: () => boolean;
  /** Why it is not possible here and now. */
  lacks?: () => string | undefined;
  /** What is wrong with what was written behind the name, and what to write instead. */
  wrong?: (given: SlashText) => string | undefined;
}

/** Acts in the program. */
export interface Action extends Base {
  run: (given: SlashText) => Done;
}

/** Is sent, as it was written, to the assistant of the local workspace. */
export interface Question extends Base {
  assistant: true;
}

export type SlashCommand = Action | Question;

/** All that belongs behind a command's name, as it is written in a line of help. */
export function formOf({ args }: SlashCommand, name: (key: Key) => string): string {
  return args.map((argument) => writtenForm(argument, name)).join(" ");
}

/** How a place is written in a line of help: `symbol`, `above|below`, `[range]`. */
export function writtenForm(argument: Argument, name: (key: Key) => string): string {
  const values = argument.name === undefined ? (argument.values?.([]) ?? []) : [];
  const form =
    argument.name === undefined ? values.map(({ value }) => value).join("|") : name(argument.name);
  return argument.optional ? `[${form}]` : form;
}

import { failure } from "../failure";
import { t } from "../i18n";
import { app } from "../state/app.svelte";
import { conversation } from "../state/conversation.svelte";
import { tellFailure } from "../state/engine.svelte";
import type { IconName } from "../ui/icons";
import { showToast } from "../ui/toast.svelte";
import { type Argument, formOf, type SlashCommand } from "./command";
import { commandOf, offeredFor, understood } from "./commands";
import { symbols } from "./symbols.svelte";
import { readSlash, type SlashText, shortened, wordAt } from "./text";

/** What can be chosen in the list. */
export interface Choice {
  id: string;
  label: string;
  icon?: IconName;
  /** What belongs behind it. */
  form?: string;
  text: string;
  /** Whether the assistant answers it. */
  asks?: boolean;
  /** The message as it stands when this is chosen. */
  becomes: string;
  /** Whether nothing has to follow, so that choosing it does it. */
  whole: boolean;
}

/** Values shown at most: a project can have hundreds of symbols. */
const MOST = 50;

/** The list of commands over the message field, and what is done with a text that names one. */
class Slash {
  /** `left`: given up with Escape, until another command is begun. */
  #state = $state<"closed" | "open" | "left">("closed");
  #at = $state<number | undefined>();
  #problem = $state<{ of: string; text: string } | undefined>();

  readonly written = $derived(readSlash(conversation.draft));
  /** The command that is named in full. */
  readonly command = $derived(this.written && commandOf(this.written.name));
  /** The one behind whose name something is being written. */
  readonly behind = $derived(this.written?.rest === undefined ? undefined : this.command);
  readonly open = $derived(this.#state === "open" && this.written !== undefined);
  /** Which place of the command is being written. */
  readonly place = $derived.by(() => {
    if (!this.behind || !this.written) return 0;
    return Math.min(wordAt(this.written).at, this.behind.args.length - 1);
  });
  readonly choices = $derived(
    !this.open || !this.written
      ? []
      : this.behind
        ? valuesFor(this.behind, this.written)
        : this.written.rest === undefined
          ? offeredFor(this.written.name).map(choiceOf)
          : [],
  );
  /** A name stands there chosen at once; a value once it is gone to: Enter runs what was written. */
  readonly chosen = $derived(
    this.choices[
      this.#at === undefined ? (this.behind ? -1 : 0) : Math.min(this.#at, this.choices.length - 1)
    ],
  );
  /** What is wrong with the text as it stands. */
  readonly problem = $derived(
    this.#problem?.of === conversation.draft ? this.#problem.text : undefined,
  );
  /** A name that nobody knows: what was written is a message. */
  readonly unknown = $derived(
    this.open &&
      this.written !== undefined &&
      this.written.name !== "" &&
      this.command === undefined &&
      (this.written.rest !== undefined || !isBegun(this.written.name)),
  );
  readonly notKnown = $derived(t("slash.unknown", { name: shortened(this.written?.name ?? "") }));
  /** What is told of it to whoever cannot see it. */
  readonly said = $derived.by(() => {
    if (!this.open) return "";
    if (this.unknown) return this.notKnown;
    if (this.behind) return `${t(this.behind.text)} ${formOf(this.behind, t)}`;
    return this.choices.length > 0 ? t("slash.count", { count: this.choices.length }) : "";
  });
  /** Whether anything is shown over the field. */
  readonly shown = $derived(
    this.problem !== undefined ||
      (this.open && (this.choices.length > 0 || this.behind !== undefined || this.unknown)),
  );

  /** The text was changed by hand. */
  typed(): void {
    this.#at = undefined;
    if (!this.written) this.#state = "closed";
    else if (this.#state === "closed" || conversation.draft === "/") this.#show();
  }

  /** The button: begins a command, or gives it up. */
  toggle(): void {
    if (this.open) {
      if (conversation.draft === "/") conversation.setDraft("");
      this.close();
      return;
    }
    if (conversation.draft === "") conversation.setDraft("/");
    this.#show();
  }

  /** Closes the list; what is wrong with the text is still said. */
  close(): void {
    this.#state = "closed";
  }

  choose(choice: Choice | undefined): void {
    this.#at = choice && this.choices.indexOf(choice);
  }

  /** Takes a key that is meant for the list; false when it is not. */
  takes(event: KeyboardEvent): boolean {
    if (!this.shown) return false;
    const bare = !event.shiftKey && !event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.key === "Escape") {
      this.#state = "left";
      this.#problem = undefined;
      return true;
    }
    const { length } = this.choices;
    const sends = event.key === "Enter" && (event.ctrlKey || event.metaKey);
    if ((!bare && !sends) || length === 0) return false;
    const at = this.chosen ? this.choices.indexOf(this.chosen) : undefined;
    switch (event.key) {
      case "ArrowDown":
        this.#at = at === undefined ? 0 : (at + 1) % length;
        return true;
      case "ArrowUp":
        this.#at = at === undefined ? length - 1 : (at - 1 + length) % length;
        return true;
      case "Tab":
        this.complete(this.chosen ?? this.choices[0]);
        return true;
      case "Enter":
        if (!this.chosen || (sends && this.behind)) return false;
        this.pick(this.chosen);
        return true;
      default:
        return false;
    }
  }

  /** Writes a choice into the message, and does it when nothing has to follow. */
  pick(choice: Choice): void {
    const named = !this.behind && this.command;
    if (named && named.name === choice.id && named.args.every(({ optional }) => optional)) {
      this.run();
      return;
    }
    this.complete(choice);
    if (choice.whole) this.run();
  }

  complete(choice: Choice | undefined): void {
    if (!choice) return;
    conversation.setDraft(choice.becomes);
    this.#at = undefined;
  }

  /** Does what the message says, if it names a command; false when it is a message like others. */
  run(): boolean {
    const { written, command } = this;
    if (!written || !command) return false;
    void this.#run(command, written);
    return true;
  }

  /** A message as it is sent: the space that kept it from being a command is none of its own. */
  plain(text: string): string {
    const written = text.startsWith(" ") ? readSlash(text.slice(1)) : undefined;
    return written && commandOf(written.name) ? text.slice(1) : text;
  }

  async #run(command: SlashCommand, written: SlashText): Promise<void> {
    const session = conversation.id;
    const text = conversation.draft;
    const wrong = command.lacks?.() ?? command.wrong?.(written);
    if (wrong !== undefined || session === undefined) {
      this.#tell(text, wrong);
      return;
    }
    this.close();
    if ("assistant" in command) {
      await conversation.send(text);
      return;
    }
    const done = attempt(command, written);
    // As a message it is gone at once, also where another session opens, and comes back if need be.
    conversation.stopTyping();
    conversation.setDraft("");
    conversation.keepDraft();
    const problem = await done;
    if (problem === undefined) return;
    // Where something else was begun meanwhile it stands below.
    conversation.giveBack(session, text);
    if (conversation.id === session) this.#tell(conversation.draft, problem);
    else showToast({ icon: "bad", text: problem, bad: true });
  }

  #tell(of: string, text: string | undefined): void {
    this.#problem = text === undefined ? undefined : { of, text };
  }

  #show(): void {
    this.#state = "open";
    this.#problem = undefined;
    if (app.settings.prices) symbols.load().catch(tellFailure);
  }
}

export const slash = new Slash();

/** Whether a command begins so. */
function isBegun(name: string): boolean {
  return understood().some((command) => command.name.startsWith(name));
}

/** Does what a command says; answers why it could not be. */
async function attempt(command: SlashCommand, written: SlashText): Promise<string | undefined> {
  if ("assistant" in command) return undefined;
  try {
    return await command.run(written);
  } catch (thrown) {
    return failure(thrown);
  }
}

function choiceOf(command: SlashCommand): Choice {
  const { name, icon, args } = command;
  return {
    id: name,
    label: `/${name}`,
    icon,
    form: formOf(command, t),
    text: t(command.text),
    asks: "assistant" in command,
    becomes: args.length === 0 ? `/${name}` : `/${name} `,
    whole: args.length === 0,
  };
}

/** What can stand in the place that is being written, as far as it begins so. */
function valuesFor(command: SlashCommand, written: SlashText): Choice[] {
  const { at, begun } = wordAt(written);
  const argument: Argument | undefined = command.args[at];
  const folded = begun.toLowerCase();
  const found = (argument?.values?.(written.words.slice(0, at)) ?? []).filter(
    ({ value, text = "" }) =>
      value.toLowerCase().startsWith(folded) || text.toLowerCase().startsWith(folded),
  );
  // What stands there in full needs no choice.
  if (found.length === 1 && found[0]?.value.toLowerCase() === folded) return [];
  const before = [`/${command.name}`, ...written.words.slice(0, at)].join(" ");
  const more = at < command.args.length - 1 ? " " : "";
  return found.slice(0, MOST).map(({ value, text = "" }) => ({
    id: value,
    label: value,
    text,
    becomes: `${before} ${value}${more}`,
    whole: false,
  }));
}

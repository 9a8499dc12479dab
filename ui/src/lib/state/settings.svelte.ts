import type { LanguageChoice, Settings, Wording } from "../bindings";
import { failure } from "../failure";
import { separators } from "../format/number";
import { speak, spoken, t } from "../i18n";
import { showToast } from "../ui/toast.svelte";
import { call, inTurn, tryCall } from "./engine.svelte";

type Name = keyof Settings;

/** What some settings were, and what somebody made of them. */
export interface Change {
  readonly before: Partial<Settings>;
  readonly after: Partial<Settings>;
}

/** The last so many changes can be undone. */
const MOST = 100;

/**
 * What is not undone in one step: a smaller limit removes messages, which is asked about where it is
 * chosen, and a larger one does not bring them back.
 */
const LASTING: readonly Name[] = ["retention"];

/** The settings, as the engine has them and as they are about to be. */
class SettingsState {
  /** As the engine has them. */
  #kept = $state.raw<Settings>(firstSettings());
  /** On their way to it, the oldest first. */
  #wanted = $state.raw<readonly Partial<Settings>[]>([]);
  #done = $state.raw<readonly Change[]>([]);
  #undone = $state.raw<readonly Change[]>([]);

  /** As they are shown: what is on its way counts already. */
  readonly now = $derived<Settings>(Object.assign({}, this.#kept, ...this.#wanted));
  /** The last change made here that still counts. */
  readonly undoable = $derived(this.#done.findLast(({ after }) => this.#holds(after)));
  /** The last change that was undone, where nothing else has changed since what it changes. */
  readonly redoable = $derived(this.#undone.findLast(({ before }) => this.#holds(before)));

  /** Another engine: nothing of what was asked of the last one counts. */
  begin(kept: Settings = firstSettings()): void {
    this.#kept = kept;
    this.#wanted = [];
    this.#done = [];
    this.#undone = [];
  }

  /**
   * What the engine says that they are. An event may come later than an answer that is newer;
   * `anew`: over a new connection nothing is late, and the engine may be another one.
   */
  take(settings: Settings, anew = false): void {
    if (anew || settings.revision >= this.#kept.revision) this.#kept = settings;
  }

  /** Changes some: shown at once, and as they were when the engine refuses them. */
  async change(wanted: Partial<Settings>): Promise<void> {
    const change = difference(this.now, wanted);
    if (await this.#set(wanted)) this.#record(change);
  }

  /** Changes settings that may be wrong: answers what is, and then nothing has changed. */
  async attempt(wanted: Partial<Settings>): Promise<string | undefined> {
    try {
      await inTurn(async () => {
        const change = difference(this.#kept, wanted);
        this.take(await call("set_settings", { settings: { ...this.#kept, ...wanted } }));
        this.#record(change);
      });
      return undefined;
    } catch (thrown) {
      return failure(thrown);
    }
  }

  /** Takes the last change back. Answers which one that was. */
  async undo(): Promise<Change | undefined> {
    const change = this.undoable;
    if (!change) return undefined;
    this.#done = before(this.#done, change);
    if (await this.#set(change.before)) {
      this.#undone = [...this.#undone, change];
      return change;
    }
    this.#done = [...this.#done, change];
    return undefined;
  }

  /** Makes the change again that was undone last. Answers which one that was. */
  async redo(): Promise<Change | undefined> {
    const change = this.redoable;
    if (!change) return undefined;
    this.#undone = before(this.#undone, change);
    if (await this.#set(change.after)) {
      this.#done = [...this.#done, change];
      return change;
    }
    this.#undone = [...this.#undone, change];
    return undefined;
  }

  /** Speaks a language; false, with a word about it, when it cannot be loaded. */
  async speak(language: LanguageChoice): Promise<boolean> {
    try {
      await speak(language);
      return true;
    } catch {
      showToast({ icon: "bad", text: t("error.language"), bad: true });
      return false;
    }
  }

  /** Tells the engine how this window writes, for what is written outside of it. */
  async tellWording(): Promise<void> {
    const { language, group, decimal } = this.now.wording;
    const now = wording();
    if (language === now.language && group === now.group && decimal === now.decimal) return;
    await this.#set({ wording: now });
  }

  /** True once the engine has them. */
  async #set(wanted: Partial<Settings>): Promise<boolean> {
    const { language } = wanted;
    let mine = wanted;
    this.#wanted = [...this.#wanted, mine];
    try {
      return await inTurn(async () => {
        const speaks = language !== undefined && language !== this.#kept.language;
        if (speaks) {
          if (!(await this.speak(language))) return false;
          // Told together with how it is written, so that no other command comes in between.
          const spoken = { ...wanted, wording: wording() };
          this.#wanted = this.#wanted.map((each) => (each === mine ? spoken : each));
          mine = spoken;
        }
        const kept = await tryCall("set_settings", { settings: { ...this.#kept, ...mine } });
        if (kept) this.take(kept);
        else if (speaks) await this.speak(this.#kept.language);
        return kept !== undefined;
      });
    } finally {
      this.#wanted = this.#wanted.filter((each) => each !== mine);
    }
  }

  #record({ before, after }: Change): void {
    if (Object.keys(after).length === 0) return;
    this.#done = [...this.#done, { before, after }].slice(-MOST);
    this.#undone = [];
  }

  #holds(values: Partial<Settings>): boolean {
    return names(values).every((name) => same(values[name], this.now[name]));
  }
}

function names(values: Partial<Settings>): Name[] {
  return Object.keys(values) as Name[];
}

/** What a change would change of what can be undone. */
function difference(from: Settings, wanted: Partial<Settings>): Change {
  const changed = names(wanted).filter(
    (name) => !LASTING.includes(name) && !same(wanted[name], from[name]),
  );
  const part = (values: Partial<Settings>) =>
    Object.fromEntries(changed.map((name) => [name, values[name]]));
  return { before: part(from), after: part(wanted) };
}

/** Settings are plain values, and those of one name have their parts in one order. */
function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** What lies before a change in a list of them. */
function before(changes: readonly Change[], change: Change): readonly Change[] {
  return changes.slice(0, changes.lastIndexOf(change));
}

/** How this window writes. */
function wording(): Wording {
  return { language: spoken().language, ...separators() };
}

/** Until the snapshot arrives. */
function firstSettings(): Settings {
  return {
    revision: 0,
    theme: "system",
    price_palette: "standard",
    zoom: 100,
    density: "comfortable",
    motion: "system",
    language: "system",
    wording: { language: "en", group: ",", decimal: "." },
    enter_sends: true,
    presence: true,
    send_typing: true,
    activity: true,
    prices: true,
    voice: true,
    notifications: true,
    message_notifications: true,
    previews: true,
    quiet: {
      on: false,
      from: 22 * 60,
      until: 7 * 60,
      days: [true, true, true, true, true, true, true],
      zone: null,
    },
    sound: { sound: "chime" },
    alert_message: "",
    close_to_tray: true,
    lock_after: 15,
    lock_when_hidden: false,
    schema: "public",
    tray_hint_shown: false,
    retention: { keep: "everything" },
    price_keeping: { raw_hours: 48, minute_days: 365, hour_days: 1825, day_years: null },
    realtime: {
      reconnect_first_ms: 500,
      reconnect_longest_ms: 30_000,
      heartbeat_ms: 25_000,
      presence_timeout_ms: 30_000,
      typing_timeout_ms: 3000,
      events_per_second: 10,
      frame_log: false,
    },
  };
}

export const settings = new SettingsState();

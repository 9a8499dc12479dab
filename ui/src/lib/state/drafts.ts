import { tryCall } from "./engine.svelte";
import { sessions } from "./sessions.svelte";

/** A text on its way into the cache. */
interface Written {
  text: string;
  kept: Promise<unknown>;
}

/** Drafts of sessions as they were written last, also where the cache does not say so yet. */
class Drafts {
  readonly #written = new Map<string, Written>();

  /** Keeps the draft of a session; one after the other, so that the last one stays. */
  keep(session: string, text: string): void {
    const write = () => tryCall("set_draft", { session, text });
    const before = this.#written.get(session);
    const written: Written = { text, kept: before ? before.kept.then(write) : write() };
    this.#written.set(session, written);
    void written.kept.then(() => {
      if (this.#written.get(session) === written) this.#written.delete(session);
    });
  }

  /** Keeps a text before or after what is there. */
  add(session: string, text: string, where: "before" | "after"): void {
    const kept = this.onItsWay(session) ?? sessions.get(session)?.draft ?? "";
    this.keep(session, where === "before" ? paragraphs(text, kept) : paragraphs(kept, text));
  }

  /** The draft of a session that is on its way into the cache. */
  onItsWay(session: string): string | undefined {
    return this.#written.get(session)?.text;
  }

  /** Once all that was written is in the cache. */
  async kept(): Promise<void> {
    await Promise.all([...this.#written.values()].map((written) => written.kept));
  }

  /** Another workspace is in front. */
  clear(): void {
    this.#written.clear();
  }
}

export const drafts = new Drafts();

/** Two texts, one below the other. */
export function paragraphs(first: string, second: string): string {
  return [first, second].filter((text) => text !== "").join("\n\n");
}

import type { MessageRow } from "../bindings";

/** What was begun in a session and not finished. */
interface Begun {
  /** The own message whose text was being changed. */
  editing: string | undefined;
  /** The message that was being answered. */
  replyTo: MessageRow | undefined;
}

/**
 * Changes and answers that were begun, for as long as the window is there. Texts of new messages are
 * kept by the engine (`drafts`).
 */
class Unfinished {
  /** The workspace in front: two accounts at one project see the same sessions. */
  workspace: string | undefined;
  readonly #sessions = new Map<string, Begun>();
  readonly #texts = new Map<string, string>();

  keep(session: string, begun: Begun): void {
    const key = this.#key(session);
    if (begun.editing === undefined && !begun.replyTo) this.#sessions.delete(key);
    else this.#sessions.set(key, begun);
  }

  /** An answer that was not taken is begun again, unless another was meanwhile. */
  answer(session: string, replyTo: MessageRow | undefined): void {
    const { editing, replyTo: other } = this.take(session) ?? {};
    this.keep(session, { editing, replyTo: other ?? replyTo });
  }

  /** What was begun in a session: it is the window's again. */
  take(session: string): Begun | undefined {
    const key = this.#key(session);
    const begun = this.#sessions.get(key);
    this.#sessions.delete(key);
    return begun;
  }

  /** The new text of a message, as far as it was written. */
  text(message: string): string | undefined {
    return this.#texts.get(this.#key(message));
  }

  write(message: string, text: string): void {
    this.#texts.set(this.#key(message), text);
  }

  /** The change of a message was saved or given up. */
  end(message: string): void {
    this.#texts.delete(this.#key(message));
    for (const begun of this.#sessions.values()) {
      if (begun.editing === message) begun.editing = undefined;
    }
  }

  /** Messages were removed: what is begun of them is at an end. */
  forget(removed: readonly string[]): void {
    for (const id of removed) this.end(id);
    for (const each of this.#sessions.values()) {
      if (each.replyTo && removed.includes(each.replyTo.id)) each.replyTo = undefined;
    }
  }

  /** Only these workspaces are left. */
  keepOnly(workspaces: readonly string[]): void {
    const left = new Set(workspaces);
    for (const kept of [this.#sessions, this.#texts]) {
      for (const key of kept.keys()) if (!left.has(key.split(" ")[0] ?? "")) kept.delete(key);
    }
  }

  clear(): void {
    this.#sessions.clear();
    this.#texts.clear();
  }

  #key(id: string): string {
    return `${this.workspace} ${id}`;
  }
}

export const begun = new Unfinished();

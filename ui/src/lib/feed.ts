import type { Backend } from "./backend";
import type { Event, Numbered, Snapshot } from "./bindings";

interface Reader {
  /** Takes over everything; called at the start and after every gap. */
  snapshot(snapshot: Snapshot): Promise<void> | void;
  event(event: Event): void;
  /** The door closed, and is being opened again. */
  closed(): void;
  /** The snapshot could not be read. */
  failed(error: unknown): void;
}

/**
 * Turns numbered events into a state without holes: it listens first, then reads the snapshot,
 * drops what the snapshot includes, and reads anew whenever a number is missing.
 */
export class Feed {
  readonly #backend: Backend;
  readonly #reader: Reader;
  readonly #stop: () => void;
  /** Events that came while a snapshot was being read. */
  #waiting: Numbered[] = [];
  #seq: number | undefined;
  /** Counts readings, so that one that was overtaken is dropped. */
  #reading = 0;

  constructor(backend: Backend, reader: Reader) {
    this.#backend = backend;
    this.#reader = reader;
    this.#stop = backend.subscribe({
      event: (numbered) => {
        // Told at once, whatever is being read: it decides whether anything may be.
        if (numbered.event.type === "lock") reader.event(numbered.event);
        this.#take(numbered);
      },
      opened: () => {
        // Another process may count anew: what it did not tell is of no use.
        this.#waiting = [];
        void this.reread();
      },
      closed: () => reader.closed(),
    });
  }

  stop(): void {
    this.#reading += 1;
    this.#stop();
  }

  /** Reads the snapshot again. Events wait until it is taken over. */
  async reread(): Promise<void> {
    this.#reading += 1;
    const mine = this.#reading;
    this.#seq = undefined;
    let snapshot: Snapshot;
    try {
      snapshot = await this.#backend.call("snapshot", {});
      if (mine !== this.#reading) return;
      await this.#reader.snapshot(snapshot);
    } catch (error) {
      if (mine !== this.#reading) return;
      this.#waiting = [];
      this.#reader.failed(error);
      return;
    }
    if (mine !== this.#reading) return;
    this.#seq = snapshot.seq;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const numbered of waiting) this.#take(numbered);
  }

  #take(numbered: Numbered): void {
    if (this.#seq === undefined) {
      this.#waiting.push(numbered);
      return;
    }
    if (numbered.seq <= this.#seq) {
      if (isSaidOnce(numbered.event)) this.#reader.event(numbered.event);
      return;
    }
    const first = numbered.first ?? numbered.seq;
    if (first > this.#seq + 1 || numbered.event.type === "resync") {
      this.#waiting = [numbered];
      void this.reread();
      return;
    }
    this.#seq = numbered.seq;
    if (numbered.event.type !== "lock") this.#reader.event(numbered.event);
  }
}

/** Whether no snapshot holds it. */
function isSaidOnce(event: Event): boolean {
  return event.type === "notice" || event.type === "show" || event.type === "told";
}

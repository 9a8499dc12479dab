/**
 * Replies and events come on ways of their own: a reply may be older than an event that came while
 * it was under way. So such events count once more after the reply. Each change is told by an event
 * and events keep their order, so what shows in the end is what was told last.
 */
export class Overtaken<E> {
  readonly #waits = new Set<E[]>();

  /** An event came. */
  note(event: E): void {
    for (const since of this.#waits) since.push(event);
  }

  /** Waits for a reply. With it come the events that it may be older than. */
  async reply<R>(asked: Promise<R>): Promise<[reply: R, since: readonly E[]]> {
    const since: E[] = [];
    this.#waits.add(since);
    try {
      return [await asked, since];
    } finally {
      this.#waits.delete(since);
    }
  }
}

/**
 * Asks one question at a time: the first at once, without waiting whether more is typed, and of
 * those that come while it is under way the newest alone. So a slow answer is never asked for
 * twice, and a quick one comes with the keystroke.
 */
export class Newest<Question, Answer> {
  readonly #ask: (question: Question) => Promise<Answer>;
  #underWay = false;
  #next: (() => void) | undefined;

  constructor(ask: (question: Question) => Promise<Answer>) {
    this.#ask = ask;
  }

  /** Asks. `answered` is told nothing (undefined) where it failed. Returns how to stop caring. */
  ask(question: Question, answered: (answer: Answer | undefined) => void): () => void {
    let cares = true;
    const go = () => {
      if (!cares) return;
      this.#underWay = true;
      this.#ask(question)
        .catch(() => undefined)
        .then((answer) => {
          this.#underWay = false;
          if (cares) answered(answer);
          const next = this.#next;
          this.#next = undefined;
          next?.();
        });
    };
    if (this.#underWay) this.#next = go;
    else go();
    return () => {
      cares = false;
    };
  }
}

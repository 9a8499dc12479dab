import type { Piece } from "./highlight";

/** Cut texts are kept, the last ones, so that what is scrolled back to is coloured at once. */
const KEPT = 200;
/** A worker with nothing to do ends. */
const IDLE = 30_000;
/** One that says nothing for so long is none. */
const PATIENCE = 10_000;

export interface Question {
  id: number;
  code: string;
  language: string;
}

export interface Answer {
  id: number;
  pieces: Piece[];
}

interface Waiting extends Question {
  answer: (pieces: Piece[]) => void;
}

/** Has code coloured beside the page, which goes on meanwhile. */
class Colours {
  readonly #kept = new Map<string, Piece[]>();
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;
  #worker: Worker | undefined;
  /** Where no worker can be had the page does it. */
  #alone = typeof Worker === "undefined";
  #idle: ReturnType<typeof setTimeout> | undefined;
  #overdue: ReturnType<typeof setTimeout> | undefined;

  /** What was coloured before. */
  known(code: string, language: string): Piece[] | undefined {
    return language === ""
      ? [{ text: code, colour: undefined }]
      : this.#kept.get(key(code, language));
  }

  async of(code: string, language: string): Promise<Piece[]> {
    const pieces = this.known(code, language) ?? (await this.#ask(code, language));
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= KEPT && oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(key(code, language), pieces);
    return pieces;
  }

  #ask(code: string, language: string): Promise<Piece[]> {
    const worker = this.#worker ?? this.#start();
    if (!worker) return here(code, language);
    return new Promise((answer) => {
      this.#asked += 1;
      const id = this.#asked;
      this.#waiting.set(id, { id, code, language, answer });
      clearTimeout(this.#idle);
      if (this.#waiting.size === 1) this.#expect();
      worker.postMessage({ id, code, language } satisfies Question);
    });
  }

  #start(): Worker | undefined {
    if (this.#alone) return undefined;
    let worker: Worker;
    try {
      worker = new Worker(new URL("./highlight.worker.ts", import.meta.url), { type: "module" });
    } catch {
      this.#alone = true;
      return undefined;
    }
    worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      this.#waiting.get(data.id)?.answer(data.pieces);
      this.#waiting.delete(data.id);
      this.#expect();
      if (this.#waiting.size === 0) this.#idle = setTimeout(() => this.#end(), IDLE);
    };
    worker.onerror = () => this.#goOnAlone();
    this.#worker = worker;
    return worker;
  }

  /** While something is asked, an answer is to come. */
  #expect(): void {
    clearTimeout(this.#overdue);
    if (this.#waiting.size > 0) this.#overdue = setTimeout(() => this.#goOnAlone(), PATIENCE);
  }

  #goOnAlone(): void {
    this.#alone = true;
    this.#end();
    for (const { code, language, answer } of this.#waiting.values()) {
      void here(code, language).then(answer);
    }
    this.#waiting.clear();
  }

  #end(): void {
    clearTimeout(this.#overdue);
    this.#worker?.terminate();
    this.#worker = undefined;
  }
}

export const colours = new Colours();

async function here(code: string, language: string): Promise<Piece[]> {
  try {
    const { highlight } = await import("./highlight");
    return highlight(code, language);
  } catch {
    return [{ text: code, colour: undefined }];
  }
}

function key(code: string, language: string): string {
  return `${language}\n${code}`;
}

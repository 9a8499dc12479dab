import { untrack } from "svelte";
import type { MessageRow } from "../bindings";
import { failure } from "../failure";
import { t } from "../i18n";
import { app } from "../state/app.svelte";
import { conversation } from "../state/conversation.svelte";
import { call } from "../state/engine.svelte";
import { readVoice } from "./read";
import { waveOf } from "./wave";

/** How far it has come with the message it plays. `idle`: with none. */
type Phase = "idle" | "loading" | "playing" | "paused" | "failed";

const SPEEDS = [1, 1.5, 2] as const;

/** Plays voice messages, one at a time, while their session is open. */
class Player {
  /** The message that is played, or failed to. */
  message = $state<string>();
  phase = $state<Phase>("idle");
  /** Where it is, in seconds. */
  at = $state(0);
  /** How long the recording is, in seconds, once that is known. */
  length = $state<number>();
  /** Why it cannot be played. */
  problem = $state<string>();
  /** Its waveform, as far as it was computed. */
  wave = $state.raw<number[]>([]);
  speed = $state<(typeof SPEEDS)[number]>(1);

  #audio: HTMLAudioElement | undefined;
  #url: string | undefined;

  constructor() {
    // Whoever leaves the session is done with listening, and without its controls nobody could end
    // it; a lock loads the page anew.
    $effect.root(() => {
      // Of the settings this one alone: all others may change while one listens.
      const shown = $derived(app.settings.voice);
      $effect(() => {
        void conversation.id;
        void shown;
        untrack(() => this.stop());
      });
      // A deleted message takes its controls along; one's own may still wait to be deleted.
      $effect(() => {
        const { gone } = conversation;
        untrack(() => {
          if (this.message !== undefined && gone.includes(this.message)) this.stop();
        });
      });
      const deleting = $derived(
        conversation.messages.some((row) => row.id === this.message && row.pending_delete),
      );
      $effect(() => {
        if (deleting) untrack(() => this.stop());
      });
    });
  }

  /** Plays a message, or pauses and goes on. `from`: where, as a part of its length. */
  async toggle(message: MessageRow, from = 0): Promise<void> {
    if (this.message !== message.id || this.phase === "failed") await this.#start(message, from);
    else if (this.phase === "playing") this.#audio?.pause();
    else if (this.phase === "paused") await this.#play();
  }

  /** Goes to a place of what is played, in seconds. */
  seek(to: number): void {
    if (this.#audio === undefined || this.length === undefined) return;
    this.at = Math.min(this.length, Math.max(0, to));
    this.#audio.currentTime = this.at;
  }

  faster(): void {
    this.speed = SPEEDS[(SPEEDS.indexOf(this.speed) + 1) % SPEEDS.length] ?? 1;
    if (this.#audio) this.#audio.playbackRate = this.speed;
  }

  stop(): void {
    const audio = this.#audio;
    this.#audio = undefined;
    if (audio) {
      audio.pause();
      audio.removeAttribute("src");
    }
    if (this.#url !== undefined) URL.revokeObjectURL(this.#url);
    this.#url = undefined;
    this.message = undefined;
    this.phase = "idle";
    this.at = 0;
    this.length = undefined;
    this.problem = undefined;
    this.wave = [];
  }

  async #start(message: MessageRow, from: number): Promise<void> {
    this.stop();
    this.message = message.id;
    this.phase = "loading";
    const audio = new Audio();
    this.#audio = audio;
    const current = () => this.#audio === audio;
    let content: Blob;
    try {
      const file = await call("voice_file", { message: message.id });
      content = new Blob([decoded(file.content)], { type: file.mime_type });
    } catch (thrown) {
      if (current()) this.#fail(failure(thrown));
      return;
    }
    if (!current()) return;
    const drawn = readVoice(message.metadata).wave.length > 0;
    this.#follow(audio, content, { from, drawn });
    this.#url = URL.createObjectURL(content);
    audio.src = this.#url;
    await this.#play();
  }

  /** `drawn`: its waveform is known without being computed. */
  #follow(
    audio: HTMLAudioElement,
    content: Blob,
    { from, drawn }: { from: number; drawn: boolean },
  ): void {
    const on = (name: string, action: () => void) =>
      audio.addEventListener(name, () => {
        if (this.#audio === audio) action();
      });
    on("loadedmetadata", () => {
      audio.playbackRate = this.speed;
      this.#measure(audio);
      if (from > 0 && this.length !== undefined) this.seek(from * this.length);
      if (!drawn) {
        void waveOf(content, audio.duration).then((wave) => {
          if (this.#audio === audio) this.wave = wave;
        });
      }
    });
    on("durationchange", () => this.#measure(audio));
    on("timeupdate", () => {
      this.at = audio.currentTime;
    });
    on("playing", () => {
      this.phase = "playing";
    });
    on("pause", () => {
      this.phase = "paused";
    });
    on("ended", () => {
      this.phase = "paused";
      this.seek(0);
    });
    on("error", () => this.#fail(t("voice.cannotPlay", { type: content.type })));
  }

  /** Some recordings do not say how long they are. */
  #measure(audio: HTMLAudioElement): void {
    this.length = Number.isFinite(audio.duration) ? audio.duration : undefined;
  }

  async #play(): Promise<void> {
    const audio = this.#audio;
    try {
      await audio?.play();
    } catch (thrown) {
      // What cannot be decoded is told by the element; what it may not play yet, by another press.
      const refused = thrown instanceof DOMException && thrown.name === "NotAllowedError";
      if (refused && audio === this.#audio) this.phase = "paused";
    }
  }

  #fail(problem: string): void {
    const { message } = this;
    this.stop();
    this.message = message;
    this.phase = "failed";
    this.problem = problem;
  }
}

export const player = new Player();

/** The bytes that base64 stands for. */
function decoded(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  return bytes;
}

import { tick } from "svelte";
import type { Edge, MessagePage, MessageRow, Person } from "../bindings";
import { buildRows, compareMessages } from "../conversation/rows";
import { markShown } from "../ui/picture";
import { begun } from "./begun";
import { drafts, paragraphs } from "./drafts";
import { call, tellFailure, tryCall } from "./engine.svelte";
import { type News, newsAmong } from "./news";
import { Overtaken } from "./overtaken";
import { asTheyAre, HELD, joined, withinReach } from "./pages";
import { readAgain } from "./reread";
import { Typing } from "./typing";

type Change = [session: string, changed: readonly MessageRow[], removed: readonly string[]];

const PAGE = 60;
/** What is read when the view comes near an edge. */
const MORE = 120;
const DRAFT_AFTER = 400;

/** The open session. */
class Conversation {
  id = $state<string | undefined>();
  /** Whether the first page has been read. */
  ready = $state(false);
  messages = $state.raw<readonly MessageRow[]>([]);
  /** Messages that were deleted just now. */
  gone = $state.raw<readonly string[]>([]);
  before = $state<Edge>("end");
  after = $state<Edge>("end");
  /** Ids of the messages just before which others may be missing. */
  gaps = $state.raw<ReadonlySet<string>>(new Set());
  people = $state.raw<readonly Person[]>([]);
  /** What others wrote and has just come, to be spoken. */
  news = $state.raw<readonly News[]>([]);
  firstUnread = $state<string | undefined>();
  /** The message being answered. */
  replyTo = $state<MessageRow | undefined>();
  #editing = $state<string | undefined>();
  /** Whether the change that is shown was just asked for: then it is where one goes on. */
  editAsked = false;
  draft = $state("");
  /** A message to bring into view, once. */
  target = $state<string | undefined>();
  /** The first message in view. */
  inView: string | undefined;
  /** The message that was jumped to. */
  marked = $state<string | undefined>();
  /** Whether the bar to find something in this session is shown. */
  finding = $state(false);
  /** What is looked for in that bar. */
  sought = $state("");
  /** Counts messages sent here, so that the list shows them. */
  sent = $state(0);
  /** Counts openings, so that the list begins anew. */
  opening = $state(0);

  readonly rows = $derived(buildRows(this.messages, this.firstUnread, this.gaps));
  readonly typing = $derived(this.people.filter((person) => person.typing && !person.own));

  readonly #events = new Overtaken<Change>();
  /** Counts what the session was asked for or left: a late answer is for nobody. */
  #turn = 0;
  /** More that is being read, by the edge. */
  readonly #loading = new Map<string, Promise<void>>();
  #rereading = false;
  /** What is on screen has to be read again. */
  #stale = false;
  readonly #typing = new Typing();
  #draftTimer: ReturnType<typeof setTimeout> | undefined;
  #draftKept = "";
  #readTo: string | undefined;
  readonly #sendings = new Set<Promise<void>>();

  /** The own message whose text is being changed in place. */
  get editing(): string | undefined {
    return this.#editing;
  }

  set editing(message: string | undefined) {
    this.#editing = message;
    this.editAsked = message !== undefined;
  }

  async open(id: string, message?: string): Promise<void> {
    if (this.id === id && message !== undefined) {
      await this.jump(message);
      return;
    }
    if (this.id === id) return;
    this.leave();
    this.id = id;
    const turn = this.#turn;
    try {
      // What the cache may not have yet is newer than the answer.
      const written = drafts.onItsWay(id);
      const [opened, since] = await this.#events.reply(call("open_session", { session: id }));
      if (this.#turn !== turn) return;
      this.#show(opened.page, since);
      this.firstUnread = opened.first_unread ?? undefined;
      this.people = opened.people;
      this.#draftKept = written ?? opened.session.draft ?? "";
      // Whoever was quick has begun already.
      this.setDraft(paragraphs(this.#draftKept, this.draft));
      this.#readTo = undefined;
      this.#goOn(id);
      this.ready = true;
      this.opening += 1;
      if (this.opening === 1) markShown();
      if (message !== undefined) await this.jump(message);
    } catch (thrown) {
      if (this.#turn === turn) this.leave();
      tellFailure(thrown);
    }
  }

  /** Shows what was begun in the session before. */
  #goOn(id: string): void {
    const before = begun.take(id);
    // Whoever was quick answers something else already.
    this.replyTo ??= before?.replyTo;
    this.#editing ??= before?.editing;
  }

  /** Leaves the session; what was being written is kept. */
  leave(): void {
    const id = this.id;
    if (id === undefined) return;
    if (this.ready) {
      this.keepDraft();
      begun.keep(id, { editing: this.editing, replyTo: this.replyTo });
    } else if (this.draft !== "") drafts.add(id, this.draft, "after");
    this.stopTyping();
    this.reset();
    void call("close_session", { session: id }).catch(() => undefined);
  }

  reset(): void {
    this.#turn += 1;
    clearTimeout(this.#draftTimer);
    this.#typing.forget();
    this.id = undefined;
    this.ready = false;
    this.messages = [];
    this.before = "end";
    this.after = "end";
    this.gaps = new Set();
    this.people = [];
    this.news = [];
    this.firstUnread = undefined;
    this.replyTo = undefined;
    this.editing = undefined;
    this.target = undefined;
    this.marked = undefined;
    this.inView = undefined;
    this.finding = false;
    this.sought = "";
    this.draft = "";
    this.#draftKept = "";
  }

  /**
   * Reads the part on screen again, after a gap in the events or in the cache: one reading at a
   * time, and one more for all that asked meanwhile.
   */
  async reread(): Promise<void> {
    this.#stale = true;
    if (this.#rereading) return;
    this.#rereading = true;
    while (this.#stale) {
      this.#stale = false;
      const id = this.id;
      if (id === undefined) break;
      const { after } = this;
      const first = this.messages[0]?.id;
      try {
        const [page, since] = await this.#events.reply(readAgain(id, this.#page(), this.inView));
        if (this.id !== id) continue;
        // Whoever read on meanwhile is not taken back: what is held now is read again.
        if (this.after !== after || this.messages[0]?.id !== first) {
          this.#stale = true;
          continue;
        }
        const shown = this.messages;
        this.#show({ ...page, rows: asTheyAre(page.rows, this.messages) }, since);
        if (after === "end") this.#tellNews(shown, this.messages, true);
        this.#letGo();
      } catch (thrown) {
        tellFailure(thrown);
      }
    }
    this.#rereading = false;
  }

  /** Rows that came with an event. */
  apply(
    session: string,
    changed: readonly MessageRow[],
    removed: readonly string[],
    reread: boolean,
  ): void {
    this.#events.note([session, changed, removed]);
    const shown = this.messages;
    this.#change([session, changed, removed]);
    if (session === this.id && this.ready) this.#tellNews(shown, changed, reread);
    if (reread && session === this.id) void this.reread();
  }

  #tellNews(shown: readonly MessageRow[], rows: readonly MessageRow[], read: boolean): void {
    const placed = rows.filter((row) => this.messages.includes(row));
    const news = newsAmong(placed, shown, read);
    if (news.length > 0) this.news = news;
  }

  #change([session, changed, removed]: Change): void {
    if (session !== this.id) return;
    if (removed.length > 0) {
      const gone = new Set(removed);
      this.gone = removed;
      this.messages = this.messages.filter((row) => !gone.has(row.id));
      if (this.editing !== undefined && gone.has(this.editing)) this.endEdit();
      if (this.replyTo && gone.has(this.replyTo.id)) this.replyTo = undefined;
    }
    if (changed.length > 0) this.#place(changed);
  }

  /** Puts rows where they belong, as far as that is within what is shown. */
  #place(changed: readonly MessageRow[]): void {
    const rows = new Map(this.messages.map((row) => [row.id, row]));
    const first = this.messages[0];
    for (const row of changed) {
      const within =
        rows.has(row.id) ||
        (this.after === "end" &&
          (first === undefined || this.before === "end" || compareMessages(first, row) < 0));
      if (within) rows.set(row.id, row);
    }
    this.messages = [...rows.values()].sort(compareMessages);
    this.#letGo();
  }

  #letGo(): void {
    if (this.messages.length > HELD + MORE) this.#show(this.#within(this.#page(), "after"), []);
  }

  /** A page without what is far from what is read; `at`: where that is when it is not known. */
  #within(page: MessagePage, at: "before" | "after"): MessagePage {
    const read = page.rows.findIndex((row) => row.id === this.inView);
    if (read < 0) return withinReach(page, at);
    return withinReach(page, read < page.rows.length / 2 ? "before" : "after");
  }

  async loadOlder(): Promise<void> {
    const first = this.messages[0];
    if (this.id === undefined || !first || this.before === "end") return;
    await this.#extend(first.id, "before");
  }

  async loadNewer(): Promise<void> {
    const last = this.messages.at(-1);
    if (this.id === undefined || !last || this.after === "end") return;
    await this.#extend(last.id, "after");
  }

  #extend(message: string, at: "before" | "after"): Promise<void> {
    const edge = `${at} ${message}`;
    const reading = this.#loading.get(edge) ?? this.#readOn(message, at, edge);
    this.#loading.set(edge, reading);
    return reading;
  }

  async #readOn(message: string, at: "before" | "after", name: string): Promise<void> {
    const id = this.id;
    if (id === undefined) return;
    try {
      const asked = call("messages", { session: id, at: { at, message }, limit: MORE });
      const [page, since] = await this.#events.reply(asked);
      // Whatever is shown now may ask for more at once.
      this.#loading.delete(name);
      // Somewhere else is read by now: what was asked for does not follow it.
      const edge = at === "before" ? this.messages[0] : this.messages.at(-1);
      if (this.id !== id || edge?.id !== message) return;
      const shown = this.#page();
      const all = at === "before" ? joined(page, shown, at) : joined(shown, page, at);
      this.#show(this.#within(all, at), since);
    } catch {
      // The edge stays; coming near it again asks again.
      this.#loading.delete(name);
    }
  }

  /** Shows a message in its surroundings. */
  async jump(message: string): Promise<void> {
    const id = this.id;
    if (id === undefined) return;
    if (!this.messages.some((row) => row.id === message)) {
      try {
        const asked = call("messages", { session: id, at: { at: "around", message }, limit: PAGE });
        const [page, since] = await this.#events.reply(asked);
        if (this.id !== id) return;
        this.#show(page, since);
      } catch (thrown) {
        tellFailure(thrown);
        return;
      }
    }
    this.target = undefined;
    await tick();
    this.target = message;
    this.marked = message;
  }

  stopFinding(): void {
    this.finding = false;
    this.sought = "";
    this.marked = undefined;
  }

  /** Back to the newest messages, after reading somewhere else. */
  async toLatest(): Promise<void> {
    const id = this.id;
    if (id === undefined || this.after === "end") return;
    const asked = tryCall("messages", { session: id, at: { at: "latest" }, limit: PAGE });
    const [page, since] = await this.#events.reply(asked);
    if (page && this.id === id) this.#show(page, since);
  }

  /**
   * Sends what was written. The field is free at once; a text that was not taken comes back, as it
   * was written.
   */
  async send(content: string, written = content): Promise<void> {
    const session = this.id;
    if (session === undefined) return;
    const sending = this.#send(session, content, written);
    this.#sendings.add(sending);
    await sending;
    this.#sendings.delete(sending);
  }

  /** Once everything that was sent is taken or given back. */
  async allSent(): Promise<void> {
    await Promise.all(this.#sendings);
  }

  async #send(session: string, content: string, written: string): Promise<void> {
    const replyTo = this.replyTo;
    this.stopTyping();
    this.draft = "";
    this.replyTo = undefined;
    try {
      const asked = call("send_message", { session, content, reply_to: replyTo?.id ?? null });
      const [row, since] = await this.#events.reply(asked);
      if (this.id === session) {
        this.marked = undefined;
        // The next one may be begun already.
        this.setDraft(this.draft);
        // Away from the end it is on the newest page, which is read now.
        if (this.after === "end") {
          this.#place([row]);
          for (const event of since) this.#change(event);
        } else {
          await this.toLatest();
        }
        this.sent += 1;
      }
    } catch (thrown) {
      tellFailure(thrown);
      this.giveBack(session, written);
      if (this.id === session) this.replyTo ??= replyTo;
      else begun.answer(session, replyTo);
    }
  }

  /** A text that was not taken stands in its session's field again, before what came after it. */
  giveBack(session: string, text: string): void {
    if (this.id === session) this.setDraft(paragraphs(text, this.draft));
    else drafts.add(session, text, "before");
  }

  async edit(message: string, content: string): Promise<boolean> {
    const [row, since] = await this.#events.reply(tryCall("edit_message", { message, content }));
    if (!row) return false;
    if (row.session === this.id) {
      this.#place([row]);
      for (const event of since) this.#change(event);
    }
    begun.end(message);
    if (this.editing === message) this.editing = undefined;
    return true;
  }

  /** Ends the change of a message; what was written of it is gone. */
  endEdit(): void {
    if (this.editing !== undefined) begun.end(this.editing);
    this.editing = undefined;
  }

  /** Starts to change the last own message; false when there is none. */
  editLast(): boolean {
    const last = this.messages.findLast((row) => row.own && row.kind === "text");
    if (!last) return false;
    this.editing = last.id;
    return true;
  }

  setDraft(text: string): void {
    this.draft = text;
    clearTimeout(this.#draftTimer);
    this.#draftTimer = setTimeout(() => this.keepDraft(), DRAFT_AFTER);
  }

  /** Text of one's own that was kept in the draft of a session. */
  addToDraft(session: string, text: string): void {
    if (session !== this.id) return;
    this.setDraft(paragraphs(this.draft, text));
  }

  /** The draft as it was kept, after events were missed; what was typed since stays. */
  takeDraft(kept: string): void {
    if (!this.ready || this.draft !== this.#draftKept) return;
    this.draft = kept;
    this.#draftKept = kept;
  }

  keepDraft(): void {
    clearTimeout(this.#draftTimer);
    if (this.id === undefined || !this.ready || this.draft === this.#draftKept) return;
    this.#draftKept = this.draft;
    drafts.keep(this.id, this.draft);
  }

  /** Tells the others that one is writing. */
  tellTyping(): void {
    if (this.id !== undefined) this.#typing.tell(this.id);
  }

  stopTyping(): void {
    if (this.id !== undefined) this.#typing.stop(this.id);
  }

  /** Everything up to the newest message has been seen. */
  markRead(): void {
    if (this.id === undefined || this.after !== "end") return;
    const last = this.messages.findLast((row) => !row.own || row.state.state === "delivered");
    if (!last || last.id === this.#readTo) return;
    this.#readTo = last.id;
    void call("mark_read", { session: this.id, message: last.id }).catch(() => undefined);
  }

  #page(): MessagePage {
    const { before, after } = this;
    return { rows: [...this.messages], gaps: [...this.gaps], before, after };
  }

  /** Shows a page, and then the events that it may be older than. */
  #show(page: MessagePage, since: readonly Change[]): void {
    this.messages = page.rows;
    this.gaps = new Set(page.gaps);
    this.before = page.before;
    this.after = page.after;
    for (const event of since) this.#change(event);
  }
}

export const conversation = new Conversation();

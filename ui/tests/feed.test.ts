import { beforeEach, describe, expect, it } from "vitest";
import { Feed } from "../src/lib/feed";
import { HandBackend, snapshot } from "./fixtures";

const armed = (count: number) => ({ type: "rules", armed: count }) as const;

describe("the feed", () => {
  let backend: HandBackend;
  let told: string[];
  let feed: Feed;

  beforeEach(() => {
    backend = new HandBackend();
    told = [];
    feed = new Feed(backend, {
      snapshot: ({ seq }) => {
        told.push(`snapshot ${seq}`);
      },
      event: (event) => {
        told.push(event.type === "rules" ? `armed ${event.armed}` : event.type);
      },
      closed: () => {
        told.push("closed");
      },
      failed: () => {
        told.push("failed");
      },
    });
  });

  async function answer(seq: number): Promise<void> {
    const { answer } = await backend.next("snapshot");
    answer(snapshot(seq));
    await settled();
  }

  /** Lets everything that is ready run: promises settle in microtasks. */
  async function settled(): Promise<void> {
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  }

  it("listens before it reads, and drops what the snapshot includes", async () => {
    backend.open();
    backend.tell(4, armed(4));
    backend.tell(5, armed(5));
    backend.tell(6, armed(6));
    await answer(5);
    expect(told).toEqual(["snapshot 5", "armed 6"]);
  });

  it("passes on what no snapshot includes, however it was numbered", async () => {
    backend.open();
    backend.tell(4, { type: "notice", level: "warning", message: "set aside" });
    backend.tell(5, armed(5));
    await answer(5);
    expect(told).toEqual(["snapshot 5", "notice"]);
  });

  it("passes events on in their order", async () => {
    backend.open();
    await answer(0);
    backend.tell(1, armed(1));
    backend.tell(2, armed(2));
    backend.tell(2, armed(2));
    expect(told).toEqual(["snapshot 0", "armed 1", "armed 2"]);
  });

  it("reads anew when a number is missing", async () => {
    backend.open();
    await answer(0);
    backend.tell(1, armed(1));
    backend.tell(3, armed(3));
    backend.tell(4, armed(4));
    expect(told).toEqual(["snapshot 0", "armed 1"]);
    await answer(3);
    expect(told).toEqual(["snapshot 0", "armed 1", "snapshot 3", "armed 4"]);
  });

  it("takes an event that stands for several for all of them, also where a snapshot has some", async () => {
    backend.open();
    await answer(2);
    backend.tell(5, armed(5), 3);
    backend.tell(6, armed(6));
    backend.tell(6, armed(6), 4);
    backend.tell(9, armed(9), 6);
    backend.tell(10, armed(10));
    expect(told).toEqual(["snapshot 2", "armed 5", "armed 6", "armed 9", "armed 10"]);
    backend.tell(14, armed(14), 12);
    await answer(11);
    expect(told.slice(5)).toEqual(["snapshot 11", "armed 14"]);
  });

  it("reads anew when it is told to", async () => {
    backend.open();
    await answer(0);
    backend.tell(1, { type: "resync" });
    await answer(1);
    backend.tell(2, armed(2));
    expect(told).toEqual(["snapshot 0", "snapshot 1", "armed 2"]);
  });

  it("reads anew after the door opened again, whatever the other side counts from", async () => {
    backend.open();
    await answer(40);
    backend.tell(41, armed(41));
    backend.open();
    await answer(0);
    backend.tell(1, armed(1));
    expect(told).toEqual(["snapshot 40", "armed 41", "snapshot 0", "armed 1"]);
  });

  it("lets a later reading win over one that is still under way", async () => {
    backend.open();
    const first = await backend.next("snapshot");
    void feed.reread();
    const second = await backend.next("snapshot");
    second.answer(snapshot(7));
    await settled();
    first.answer(snapshot(3));
    await settled();
    expect(told).toEqual(["snapshot 7"]);
  });

  it("tells that the snapshot could not be read", async () => {
    backend.open();
    const { refuse } = await backend.next("snapshot");
    refuse(new Error("no"));
    await settled();
    expect(told).toEqual(["failed"]);
  });

  it("says nothing once it is stopped", async () => {
    backend.open();
    const { answer } = await backend.next("snapshot");
    feed.stop();
    answer(snapshot(1));
    await settled();
    backend.tell(2, armed(2));
    expect(told).toEqual([]);
  });
});

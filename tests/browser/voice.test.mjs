// Voice messages that are heard: real sound, from the project's Storage, in a real browser.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { lacking, startBrowser } from "./support/chromium.mjs";
import { Ends, Project } from "./support/engine.mjs";
import { ALICE, BOB, Person } from "./support/person.mjs";

const RATE = 8000;

/** A WAV of a tone that gets louder. */
function wav(seconds) {
  const size = RATE * seconds;
  const file = Buffer.alloc(44 + size, 128);
  file.write("RIFF", 0);
  file.writeUInt32LE(36 + size, 4);
  file.write("WAVEfmt ", 8);
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(RATE, 24);
  file.writeUInt32LE(RATE, 28);
  file.writeUInt16LE(1, 32);
  file.writeUInt16LE(8, 34);
  file.write("data", 36);
  file.writeUInt32LE(size, 40);
  for (let at = 0; at < size; at += 1) {
    file[44 + at] = 128 + Math.round(100 * (at / size) * Math.sin(at / 3));
  }
  return file;
}

describe("voice messages", { skip: lacking }, () => {
  const ends = new Ends();
  /** @type {Project} */
  let project;
  /** @type {Person} */
  let alice;
  let row;

  before(async () => {
    const browser = await startBrowser();
    ends.push(() => browser.close());
    project = await Project.start(ends);
    const owner = await project.account(ALICE);
    const bob = await project.account(BOB);
    await project.makeBucket("voice");
    const sounds = { "long.wav": wav(60), "short.wav": wav(1), "maya/ä b#.wav": wav(30) };
    for (const [name, content] of Object.entries(sounds)) {
      await project.store("voice", name, content, "audio/wav");
    }
    const page = "<!doctype html><script>pwned('a file')</script>";
    await project.store("voice", "page.wav", page, "audio/wav");
    await project.store("voice", "torn.wav", wav(1).subarray(0, 20), "audio/wav");
    await project.insert("chat_sessions", [
      { id: "calls", user_id: owner, title: "Calls" },
      { id: "other", user_id: owner, title: "Quiet room" },
    ]);
    const files = {
      "The long one": { bucket: "voice", path: "long.wav" },
      "The short one": "voice/short.wav",
      "The odd one": { bucket: "voice", path: "maya/ä b#.wav" },
      "The page": "voice/page.wav",
      "The torn one": "voice/torn.wav",
      "The missing one": "voice/missing.wav",
      "The one elsewhere": "https://files.example.org/a.wav",
      "The one that leads out": "voice/../../rest/v1/chat_messages",
    };
    await project.insert(
      "chat_messages",
      Object.entries(files).map(([content, file]) => ({
        session_id: "calls",
        user_id: bob,
        role: "user",
        content,
        message_type: "voice",
        metadata: { file },
      })),
    );
    alice = await Person.join(browser, ends, project, ALICE);
    await alice.open("Calls");
    row = (text) => alice.message(text).first();
    await row("The long one").waitFor();
  });
  after(() => ends.all());

  const part = (text, testid) => row(text).getByTestId(testid);
  const phase = (text, wanted) => row(text).locator(`[data-phase=${wanted}]`).waitFor();
  const at = async (text) =>
    Number(await part(text, "voice-position").getAttribute("aria-valuenow"));
  /** Waits until it has come to a second or further. */
  const reaches = (text, second) =>
    alice.until(
      ([words, wanted]) =>
        [...document.querySelectorAll("[data-testid=message]")]
          .filter((message) => message.textContent.includes(words))
          .some((message) => {
            const slider = message.querySelector("[role=slider]");
            return Number(slider?.getAttribute("aria-valuenow")) >= wanted;
          }),
      [text, second],
    );

  it("are played, and their waveform is drawn from their sound", async () => {
    await part("The long one", "voice-play").click();
    await phase("The long one", "playing");
    await reaches("The long one", 1);
    await row("The long one").getByText("of 1:00").waitFor();
    const bars = row("The long one").locator("rect");
    await alice.until(() => {
      const bars = document.querySelectorAll("[data-phase=playing] rect");
      return [...bars].some((bar) => Number(bar.getAttribute("height")) > 15);
    });
    const heights = await bars.evaluateAll((all) =>
      all.map((each) => Number(each.getAttribute("height"))),
    );
    assert.ok(heights[5] < heights[30] && heights[30] < heights[57], String(heights));
    await alice.watched.clean();
  });

  it("are moved in by pointer and by keys, and played faster", async () => {
    const slider = part("The long one", "voice-position");
    const { width } = await slider.boundingBox();
    await slider.click({ position: { x: width * 0.75, y: 8 } });
    await reaches("The long one", 44);
    await part("The long one", "voice-play").click();
    await phase("The long one", "paused");
    const before = await at("The long one");
    await slider.focus();
    await alice.press("ArrowLeft");
    await alice.press("ArrowLeft");
    assert.ok(Math.abs((await at("The long one")) - (before - 10)) <= 1);
    await alice.press("Home");
    assert.equal(await at("The long one"), 0);
    assert.ok((await row("The long one").locator("rect.done").count()) === 0);
    await part("The long one", "voice-speed").click();
    await part("The long one", "voice-speed").click();
    await row("The long one").getByText("2×").waitFor();
  });

  it("play and pause with Space on the message, one at a time", async () => {
    await row("The odd one").focus();
    await alice.press("Space");
    await phase("The odd one", "playing");
    await phase("The long one", "idle");
    await alice.focused("playing with Space");
    await alice.press("Space");
    await phase("The odd one", "paused");
    await alice.press("Space");
    await phase("The odd one", "playing");
  });

  it("end, and can be heard again", async () => {
    await part("The short one", "voice-play").click();
    await phase("The short one", "paused");
    assert.equal(await at("The short one"), 0);
    await part("The short one", "voice-play").click();
    await phase("The short one", "playing");
  });

  it("say why they cannot be played", async () => {
    for (const [text, reason] of [
      ["The page", "is no audio"],
      ["The missing one", "is not in the project"],
      ["The torn one", "cannot be played here"],
    ]) {
      await part(text, "voice-play").click();
      await part(text, "voice-problem").filter({ hasText: reason }).waitFor();
      await part(text, "voice-retry").click();
      await part(text, "voice-problem").filter({ hasText: reason }).waitFor();
      await alice.focused(`${text}, tried again`);
    }
  });

  it("load nothing from elsewhere", async () => {
    assert.equal(await part("The one elsewhere", "voice-play").count(), 0);
    await part("The one elsewhere", "voice-elsewhere").waitFor();
    assert.equal(await part("The one that leads out", "voice-play").count(), 0);
    await alice.watched.clean();
  });

  it("stop when the session is left", async () => {
    await part("The odd one", "voice-play").click();
    await phase("The odd one", "playing");
    await alice.open("Quiet room");
    await alice.see("conversation-empty");
    await alice.open("Calls");
    await phase("The odd one", "idle");
  });

  it("are heard without a connection once they were heard with one", async () => {
    await project.die();
    await part("The odd one", "voice-play").click();
    await phase("The odd one", "playing");
    await project.revive();
    await alice.watched.clean();
  });
});

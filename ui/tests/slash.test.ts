import { fireEvent, render, screen } from "@testing-library/svelte";
import { tick } from "svelte";
import { beforeEach, describe, expect, it } from "vitest";
import Composer from "../src/lib/conversation/Composer.svelte";
import { readSlash, wordAt } from "../src/lib/slash/text";
import { asked, backend, beginAnew, chosen, field, names, open, press, write } from "./slash";

beforeEach(beginAnew);

describe("a text that begins with a slash", () => {
  it.each([
    ["/", { name: "", rest: undefined, words: [] }],
    ["/Al", { name: "al", rest: undefined, words: [] }],
    ["/alert ", { name: "alert", rest: "", words: [] }],
    ["/alert BTC  above\n", { name: "alert", rest: "BTC  above", words: ["BTC", "above"] }],
  ])("may be a command: %j", (text, read) => {
    expect(readSlash(text)).toEqual(read);
  });

  it.each(["", "a/b", " /alert", "//x", "/etc/hosts", "/ x", "/1", "/alert BTC\nand more", "/a.b"])(
    "is none, or does not begin so: %j",
    (text) => {
      expect(readSlash(text)).toBeUndefined();
    },
  );

  it("has a word that is being written", () => {
    const at = (text: string) => wordAt(readSlash(text) ?? { name: "", rest: "", words: [] });
    expect(at("/alert")).toEqual({ at: 0, begun: "" });
    expect(at("/alert B")).toEqual({ at: 0, begun: "B" });
    expect(at("/alert BTC ")).toEqual({ at: 1, begun: "" });
  });
});

describe("the list of commands", () => {
  beforeEach(async () => {
    await open();
    render(Composer);
  });

  it("opens with a slash, narrows with each letter, and says what is chosen", async () => {
    expect(screen.queryByTestId("slash")).toBeNull();
    await write("/");
    expect(names().length).toBeGreaterThan(15);
    expect(field().getAttribute("aria-controls")).toBe(screen.getByRole("listbox").id);
    expect(screen.getByTestId("slash-open").getAttribute("aria-expanded")).toBe("true");
    expect(chosen()).toBe("alert");
    await write("/un");
    expect(names()).toEqual(["unwatch"]);
    await write("/mu");
    expect(names()).toEqual(["mute"]);
    expect(screen.getByTestId("slash-option").textContent).toContain("Mute this session");
    await write("mu");
    expect(screen.queryByTestId("slash")).toBeNull();
    expect(field().hasAttribute("aria-activedescendant")).toBe(false);
  });

  it("is gone through with the arrows, around the ends", async () => {
    await write("/p");
    expect(names()).toEqual(["price", "pin"]);
    expect(await press("ArrowDown")).toBe(true);
    expect(chosen()).toBe("pin");
    await press("ArrowDown");
    expect(chosen()).toBe("price");
    await press("ArrowUp");
    expect(chosen()).toBe("pin");
  });

  it("completes with Tab, and does nothing yet", async () => {
    await write("/arch");
    expect(await press("Tab")).toBe(true);
    expect(field().value).toBe("/archive");
    expect(asked()).toEqual([]);
    await write("hello");
    expect(await press("Tab")).toBe(false);
  });

  it("leaves with Escape, keeps the text, and stays away until another is begun", async () => {
    await write("/mut");
    expect(await press("Escape")).toBe(true);
    expect(field().value).toBe("/mut");
    expect(screen.queryByTestId("slash")).toBeNull();
    await write("/mute");
    expect(screen.queryByTestId("slash")).toBeNull();
    await write("");
    await write("/");
    expect(screen.queryByTestId("slash")).not.toBeNull();
  });

  it("closes when the field is left", async () => {
    await write("/");
    await fireEvent.blur(field());
    expect(screen.queryByTestId("slash")).toBeNull();
    expect(field().value).toBe("/");
  });

  it("leaves the keys to an input method that is composing", async () => {
    await write("/p");
    await press("Enter", { isComposing: true });
    await press("ArrowDown", { isComposing: true });
    await press("Tab", { keyCode: 229 });
    expect(field().value).toBe("/p");
    expect(chosen()).toBe("price");
    expect(asked()).toEqual([]);
  });

  it("writes what is clicked, which does not take the focus", async () => {
    await write("/wat");
    const [option] = screen.getAllByTestId("slash-option");
    const down = new MouseEvent("mousedown", { bubbles: true, cancelable: true });
    option?.dispatchEvent(down);
    expect(down.defaultPrevented).toBe(true);
    await fireEvent.click(option as HTMLElement);
    expect(field().value).toBe("/watch ");
    expect(screen.getByTestId("slash-form").textContent).toContain("symbol");
  });

  it("opens with its button, which is there while nothing else is written", async () => {
    await fireEvent.click(screen.getByTestId("slash-open"));
    await tick();
    expect(field().value).toBe("/");
    expect(document.activeElement).toBe(field());
    expect(names()).toContain("archive");
    await fireEvent.click(screen.getByTestId("slash-open"));
    await tick();
    expect(field().value).toBe("");
    expect(screen.queryByTestId("slash")).toBeNull();
    await write("hello");
    expect(screen.queryByTestId("slash-open")).toBeNull();
  });

  it("offers what can stand behind a name, and leaves Enter alone until one is gone to", async () => {
    await write("/alert ");
    expect(names()).toEqual(["BTC", "ETH"]);
    expect(chosen()).toBeUndefined();
    await write("/alert eth");
    expect(names()).toEqual([]);
    await write("/alert b");
    await press("Tab");
    expect(field().value).toBe("/alert BTC ");
    expect(names()).toEqual(["above", "below"]);
    await press("ArrowDown");
    await press("ArrowDown");
    await press("Enter");
    expect(field().value).toBe("/alert BTC below ");
    expect(asked()).toEqual([]);
  });

  it("does not tell the others of a command as of a message", async () => {
    await write("/alert BTC");
    expect(backend.names()).not.toContain("typing");
    await write("/shrug so");
    expect(backend.names()).toContain("typing");
  });
});

describe("what is a message", () => {
  it.each(["/etc/hosts", "//x", "/shrug hello", "/", " /shrug", "/mute\nand more"])(
    "is sent as it is: %j",
    async (text) => {
      await open();
      render(Composer);
      await write(text);
      if (text === "/") await press("Escape");
      await press("Enter");
      expect((await backend.next("send_message")).args).toMatchObject({ content: text });
      expect(field().value).toBe("");
    },
  );

  it("is what a space keeps from being a command, which is not part of it", async () => {
    await open();
    render(Composer);
    await write(" /mute");
    expect(screen.queryByTestId("slash")).toBeNull();
    await press("Enter");
    expect((await backend.next("send_message")).args).toMatchObject({ content: "/mute" });
    expect(asked()).toEqual([]);
  });

  it("says so where it looks like a command", async () => {
    await open();
    render(Composer);
    await write("/shrug");
    expect(screen.getByTestId("slash-unknown").textContent).toContain("/shrug");
    await write("/etc/hosts");
    expect(screen.queryByTestId("slash-unknown")).toBeNull();
  });
});

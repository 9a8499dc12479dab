import { describe, expect, it } from "vitest";
import { Newest } from "../src/lib/state/newest";

/** Questions that are answered by hand. */
function desk() {
  const asked: string[] = [];
  const open: { answer: (text: string) => void; fail: () => void }[] = [];
  const newest = new Newest<string, string>((question) => {
    asked.push(question);
    return new Promise((answer, reject) => open.push({ answer, fail: () => reject(Error()) }));
  });
  const told: (string | undefined)[] = [];
  const ask = (question: string) => newest.ask(question, (answer) => told.push(answer));
  const settled = () => new Promise((done) => setTimeout(done));
  return { asked, open, told, ask, settled };
}

describe("questions while typing", () => {
  it("asks the first at once, and of the others the newest when it is answered", async () => {
    const { asked, open, told, ask, settled } = desk();
    const forget = ask("m");
    expect(asked).toEqual(["m"]);
    forget();
    const again = ask("mi");
    again();
    ask("mig");
    expect(asked).toEqual(["m"]);
    open[0]?.answer("old");
    await settled();
    expect(asked).toEqual(["m", "mig"]);
    open[1]?.answer("new");
    await settled();
    expect(told).toEqual(["new"]);
  });

  it("does not ask what nobody cares for any more, and goes on afterwards", async () => {
    const { asked, open, told, ask, settled } = desk();
    ask("a");
    ask("ab")();
    open[0]?.answer("A");
    await settled();
    expect(asked).toEqual(["a"]);
    ask("abc");
    expect(asked).toEqual(["a", "abc"]);
    open[1]?.fail();
    await settled();
    expect(told).toEqual(["A", undefined]);
  });
});

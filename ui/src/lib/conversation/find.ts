/** A phrase in quotes, or a word. */
const PIECE = /"[^"]*"?|\S+/gu;
/** A word that a search of all sessions narrows by. */
const OPERATOR = /^(?:from|in|before|after|role|has):./iu;

/** A query for what is typed: words and phrases, and nothing else. */
export function literal(typed: string): string {
  return typed.replace(PIECE, (piece) =>
    OPERATOR.test(piece) ? `"${piece.replaceAll('"', "")}"` : piece,
  );
}

/** The words and phrases of what is typed, as they are shown in a text. */
export function wordsOf(typed: string): string[] {
  return [...typed.matchAll(PIECE)]
    .map(([piece]) => piece.replaceAll('"', "").trim().toLocaleLowerCase())
    .filter((word) => word !== "");
}

/** Where words stand in a text, by code units, without regard to case. */
export function placesOf(text: string, words: readonly string[]): [start: number, end: number][] {
  const lower = text.toLocaleLowerCase();
  // A letter whose lower case is longer would move what follows it: such a text stays unmarked.
  if (lower.length !== text.length) return [];
  return words.flatMap((word) => {
    const places: [number, number][] = [];
    for (let at = lower.indexOf(word); at >= 0; at = lower.indexOf(word, at + word.length)) {
      places.push([at, at + word.length]);
    }
    return places;
  });
}

const NAME = "find";

/** Marks words in the drawn messages, now and as rows come and go. Answers how to stop. */
export function markWords(root: HTMLElement, words: readonly string[]): () => void {
  if (words.length === 0 || !globalThis.CSS?.highlights) return () => undefined;
  const mark = () => {
    const ranges = [...textsIn(root)].flatMap((node) =>
      placesOf(node.data, words).map(([start, end]) => {
        const range = new Range();
        range.setStart(node, start);
        range.setEnd(node, end);
        return range;
      }),
    );
    CSS.highlights.set(NAME, new Highlight(...ranges));
  };
  mark();
  const observer = new MutationObserver(mark);
  observer.observe(root, { childList: true, subtree: true, characterData: true });
  return () => {
    observer.disconnect();
    CSS.highlights.delete(NAME);
  };
}

function* textsIn(root: HTMLElement): Generator<Text> {
  for (const body of root.querySelectorAll("[data-testid=message] .selectable")) {
    const walker = document.createTreeWalker(body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) yield walker.currentNode as Text;
  }
}

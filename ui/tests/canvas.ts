/** A canvas whose context notes what is painted on it: the paper, not the painter, is a stand-in. */

interface Paper {
  /** What was called, in order. */
  readonly calls: string[];
  restore(): void;
}

export function layPaper(): Paper {
  const calls: string[] = [];
  const contextOf = HTMLCanvasElement.prototype.getContext;
  const styleOf = window.getComputedStyle;
  const measured = { width: 10, actualBoundingBoxAscent: 1, actualBoundingBoxDescent: 1 };
  HTMLCanvasElement.prototype.getContext = function paper(this: HTMLCanvasElement) {
    const kept: Record<PropertyKey, unknown> = { canvas: this };
    return new Proxy(kept, {
      get: (_, name) => {
        if (name in kept) return kept[name];
        return () => {
          calls.push(String(name));
          return name === "measureText" ? measured : undefined;
        };
      },
    });
  } as unknown as typeof contextOf;
  // A browser answers colours as rgb().
  window.getComputedStyle = ((element: HTMLElement) =>
    new Proxy(styleOf.call(window, element), {
      get: (style, name) =>
        name === "color" ? rgb(element.style.color) : Reflect.get(style, name),
    })) as typeof styleOf;
  return {
    calls,
    restore() {
      HTMLCanvasElement.prototype.getContext = contextOf;
      window.getComputedStyle = styleOf;
    },
  };
}

function rgb(colour: string): string {
  const hex = /^#(..)(..)(..)$/.exec(colour)?.slice(1);
  if (hex) return `rgb(${hex.map((each) => Number.parseInt(each, 16)).join(", ")})`;
  return colour.startsWith("rgb") ? colour : "rgba(0, 0, 0, 0)";
}

import type { PriceRange, QuoteRow } from "../bindings";
import { amount, change, price, readPrice } from "../format/number";
import { timeOfDay } from "../format/time";
import { t } from "../i18n";
import { app } from "../state/app.svelte";
import { tellFailure } from "../state/engine.svelte";
import { market } from "../state/market.svelte";
import { view } from "../state/view.svelte";
import { showToast } from "../ui/toast.svelte";
import type { Action, Argument, Question, Value } from "./command";
import { symbols } from "./symbols.svelte";
import { type SlashText, shortened } from "./text";

const RANGES: readonly PriceRange[] = ["1h", "1d", "1w", "1m", "1y"];
/** On which side of its line a price is; with the words for it that are understood. */
const SIDES = {
  above: ["above", "over", ">", ">=", "über", "ueber"],
  below: ["below", "under", "<", "<=", "unter"],
} as const;
type Side = keyof typeof SIDES;
/** How many symbols a sentence names. */
const NAMED = 12;

const side: Argument = {
  values: () => [
    { value: "above", text: t("slash.side.above") },
    { value: "below", text: t("slash.side.below") },
  ],
};

function ofAll(quotes: () => readonly QuoteRow[]): () => readonly Value[] {
  return () =>
    quotes().map(({ symbol, name }) => ({
      value: symbol,
      ...(name === null ? {} : { text: name }),
    }));
}

const symbol: Argument = { name: "slash.arg.symbol", values: ofAll(() => symbols.all) };
const range: Argument = {
  optional: true,
  values: () => RANGES.map((value) => ({ value, text: t(`slash.range.${value}`) })),
};

function off(): string | undefined {
  return app.settings.prices ? undefined : t("slash.no.prices");
}

function readSide(word: string | undefined): Side | undefined {
  const written = word?.toLowerCase();
  return (["above", "below"] as const).find((each) =>
    SIDES[each].some((known) => known === written),
  );
}

/** The price that the words say, which may stand behind a dollar sign and have spaces in it. */
function readAmount(words: readonly string[]): string | undefined {
  const read = readPrice(words.join(" ").replace(/^\$|\s*\$$/g, ""));
  return read !== undefined && /[1-9]/.test(read) ? read : undefined;
}

/** What is wrong with an alert; `whole`: nothing may be missing. */
function wrongAlert({ words }: SlashText, whole: boolean): string | undefined {
  const form = t("slash.alert.form", { price: amount("70000") });
  const [, direction, ...figure] = words;
  if (whole && words.length < 3) return form;
  if (direction !== undefined && readSide(direction) === undefined) {
    return t("slash.alert.side", { word: shortened(direction), form });
  }
  if (figure.length > 0 && readAmount(figure) === undefined) {
    return t("slash.alert.price", { word: shortened(figure.join(" ")), form });
  }
  return undefined;
}

/** One symbol alone. */
function wrongSymbol({ words }: SlashText, example: string): string | undefined {
  return words.length === 1 ? undefined : t("slash.form", { example });
}

/** Does something with a symbol that the project has a price for. */
async function withSymbol(
  word: string,
  act: (quote: QuoteRow) => string | undefined | Promise<string | undefined>,
): Promise<string | undefined> {
  const quote = await symbols.find(word);
  if (quote) return act(quote);
  const all = symbols.all.map((each) => each.symbol);
  if (all.length === 0) return t("slash.noPrices");
  const known = [...all.slice(0, NAMED), ...(all.length > NAMED ? ["…"] : [])].join(", ");
  return t("slash.unknownSymbol", { symbol: shortened(word), known });
}

const alertWords = { name: "alert", icon: "bell-plus", lacks: off } as const;
const priceWords = { name: "price", icon: "chart", lacks: off } as const;

/** Commands on prices and alerts. */
export const MARKET: readonly Action[] = [
  {
    ...alertWords,
    text: "slash.do.alert",
    args: [
      { ...symbol, optional: true },
      { ...side, optional: true },
      { name: "slash.arg.price", optional: true, long: true },
    ],
    wrong: (given) => wrongAlert(given, false),
    run: ({ words: [word, direction, ...figure] }) => {
      if (word === undefined) {
        view.newAlert(market.open);
        return undefined;
      }
      return withSymbol(word, (quote) => {
        const kind = readSide(direction);
        const condition = kind && {
          kind,
          price: readAmount(figure) ?? "",
          rearm_percent: null,
        };
        const form = { symbol: quote.symbol, ...(condition ? { condition } : {}) };
        view.overlay = { kind: "alert", id: undefined, form };
        return undefined;
      });
    },
  },
  {
    ...priceWords,
    text: "slash.do.price",
    args: [symbol],
    wrong: (given) => wrongSymbol(given, "/price BTC"),
    run: ({ words: [word = ""] }) => withSymbol(word, tellPrice),
  },
  {
    name: "chart",
    icon: "chart",
    text: "slash.do.chart",
    args: [symbol, range],
    lacks: off,
    wrong: ({ words }) => {
      const [word, span] = words;
      const example = t("slash.form", { example: "/chart BTC 1w" });
      if (word === undefined || words.length > 2) return example;
      return span === undefined || readRange(span) ? undefined : example;
    },
    run: ({ words: [word = "", span] }) =>
      withSymbol(word, ({ symbol }) => {
        app.openChart(symbol, readRange(span ?? "")).catch(tellFailure);
        return undefined;
      }),
  },
  {
    name: "watch",
    icon: "plus",
    text: "slash.do.watch",
    args: [
      { ...symbol, values: ofAll(() => symbols.all.filter((each) => !isWatched(each.symbol))) },
    ],
    lacks: off,
    wrong: (given) => wrongSymbol(given, "/watch ETH"),
    run: ({ words: [word = ""] }) => withSymbol(word, watch),
  },
  {
    name: "unwatch",
    icon: "x",
    text: "slash.do.unwatch",
    args: [{ ...symbol, values: ofAll(() => market.watched) }],
    offered: () => market.order.length > 0,
    lacks: off,
    wrong: (given) => wrongSymbol(given, "/unwatch ETH"),
    run: ({ words: [word = ""] }) => withSymbol(word, unwatch),
  },
];

/** What the assistant of the local workspace answers. */
export const QUESTIONS: readonly Question[] = [
  {
    ...alertWords,
    text: "slash.do.askAlert",
    args: [symbol, side, { name: "slash.arg.price", long: true }],
    wrong: (given) => wrongAlert(given, true),
    assistant: true,
  },
  {
    ...priceWords,
    text: "slash.do.askPrice",
    args: [{ ...symbol, optional: true }],
    assistant: true,
  },
  { name: "help", icon: "info", text: "slash.do.askHelp", args: [], assistant: true },
];

function readRange(word: string): PriceRange | undefined {
  return RANGES.find((each) => each === word.toLowerCase());
}

function isWatched(symbol: string): boolean {
  return market.order.includes(symbol);
}

function tellPrice(known: QuoteRow): string | undefined {
  const quote = market.quotes.get(known.symbol) ?? known;
  const { symbol } = quote;
  if (quote.price === null) return t("slash.noPrice", { symbol });
  const moved = quote.change_percentage_24h && change(quote.change_percentage_24h);
  const values = { symbol, price: price(quote.price) };
  const told = moved
    ? t("slash.price.moved", { ...values, change: moved.text })
    : t("slash.price", values);
  const text =
    quote.stale && quote.time !== null
      ? t("slash.price.old", { told, time: timeOfDay(quote.time) })
      : told;
  showToast({
    icon: "chart",
    text,
    action: {
      label: t("told.chart"),
      run: () => void app.openChart(symbol).catch(tellFailure),
    },
  });
  return undefined;
}

async function watch({ symbol }: QuoteRow): Promise<string | undefined> {
  await market.known();
  if (isWatched(symbol)) return t("slash.watched.already", { symbol });
  return relist([...market.order, symbol], t("slash.watched", { symbol }));
}

async function unwatch({ symbol }: QuoteRow): Promise<string | undefined> {
  await market.known();
  if (!isWatched(symbol)) return t("slash.watched.not", { symbol });
  const rest = market.order.filter((each) => each !== symbol);
  return relist(rest, t("slash.unwatched", { symbol }));
}

/** Changes the watch-list, and offers to change it back. */
async function relist(order: readonly string[], text: string): Promise<string | undefined> {
  const before = market.order;
  await market.choose(order);
  showToast({
    icon: "check",
    text,
    action: { label: t("session.undo"), run: () => void market.watch(before) },
  });
  return undefined;
}

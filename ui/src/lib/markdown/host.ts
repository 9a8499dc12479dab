import type { Inline } from "./parse";

/**
 * Something that reads as a host, with or without what stands around one in an address. Each part is
 * as long as a host allows at most, so that a long text is not searched again from each letter.
 */
const ADDRESS =
  /(?:[a-z][a-z\d+.-]{0,20}:(?:\/\/)?)?(?:[^\s/@]{1,64}@)?(?:[\p{L}\p{M}\p{N}_-]{1,63}\.){1,16}\p{L}[\p{L}\p{M}\p{N}-]{1,62}(?::\d{1,5})?(?:[/?#]\S*)?/giu;
/** Letters that are read as themselves: those of western languages. */
const USUAL = /^[a-z\d.\-_à-öø-ÿß]*$/;

/**
 * Where a link leads, if its text reads as if it led elsewhere: the host, or the mail address. Also
 * where the text has the host in letters that may only look like those of another.
 */
export function otherPlace(href: string, nodes: readonly Inline[]): string | undefined {
  const url = new URL(href);
  const real = url.protocol === "mailto:" ? mailAddresses(url) : url.host;
  // What is not seen does not count, and what looks the same is the same.
  const text = textOf(nodes)
    .normalize("NFKC")
    .replace(/\p{Cf}/gu, "");
  const named = text.match(ADDRESS) ?? [];
  if (named.some((address) => !leadsTo(address, url))) return real;
  const unusual = named.some((address) => !USUAL.test(hostIn(address).toLowerCase()));
  return unusual && /(^|\.)xn--/.test(url.hostname) ? real : undefined;
}

/** What stands before the path in an address, as it is written. */
function authorityIn(address: string): string {
  const [before = ""] = address.replace(/^[a-z][a-z\d+.-]*:(\/\/)?/i, "").split(/[/?#]/);
  return before;
}

/** The host as it is written in an address. */
function hostIn(address: string): string {
  return authorityIn(address).replace(/^.*@/, "").replace(/:\d+$/, "");
}

/** Whether an address in a text is that of a link. */
function leadsTo(address: string, url: URL): boolean {
  if (url.protocol === "mailto:") {
    const [named = ""] = address.replace(/^mailto:/i, "").split(/[/?#]/);
    return named.toLowerCase() === mailAddresses(url).toLowerCase();
  }
  // What stands before the host is read as one.
  if (authorityIn(address).includes("@")) return false;
  try {
    return plainHost(new URL(`https://${hostIn(address)}`).hostname) === plainHost(url.hostname);
  } catch {
    return false;
  }
}

function plainHost(host: string): string {
  return host.replace(/^www\./, "").replace(/\.$/, "");
}

/** All whom a mail would go to. */
function mailAddresses(url: URL): string {
  const more = [...url.searchParams].filter(([name]) => /^(to|b?cc)$/i.test(name));
  return [decoded(url.pathname), ...more.map(([, address]) => address)].join(", ");
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function textOf(nodes: readonly Inline[]): string {
  return nodes
    .map((node) => {
      if (node.kind === "break") return " ";
      return "text" in node ? node.text : textOf(node.children);
    })
    .join("");
}

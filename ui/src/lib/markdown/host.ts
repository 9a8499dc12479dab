import type { Inline } from "./parse";

/** Something that reads as a host, with or without what stands around one in an address. */
const ADDRESS =
  /(?:[a-z][a-z\d+.-]*:(?:\/\/)?)?(?:[^\s/@]+@)?(?:[\p{L}\p{M}\p{N}_-]+\.)+\p{L}[\p{L}\p{M}\p{N}-]+(?::\d+)?(?:[/?#]\S*)?/giu;
/** Letters that are read as themselves: those of western languages. */
const USUAL = /^[a-z\d.\-_à-öø-ÿß]*$/;

/**
 * Where a link leads, if its text reads as if it led elsewhere: the host, or the mail address. Also
 * where the text has the host in letters that may only look like those of another.
 */
export function otherPlace(href: string, nodes: readonly Inline[]): string | undefined {
  const url = new URL(href);
  const real = url.protocol === "mailto:" ? mailAddress(url) : url.host;
  // What is not seen does not count, and what looks the same is the same.
  const text = textOf(nodes)
    .normalize("NFKC")
    .replace(/\p{Cf}/gu, "");
  const named = text.match(ADDRESS) ?? [];
  if (named.some((address) => !leadsTo(address, url))) return real;
  const unusual = named.some((address) => !USUAL.test(hostIn(address).toLowerCase()));
  return unusual && /(^|\.)xn--/.test(url.hostname) ? real : undefined;
}

/** The host as it is written in an address. */
function hostIn(address: string): string {
  const [before = ""] = address.replace(/^[a-z][a-z\d+.-]*:(\/\/)?/i, "").split(/[/?#]/);
  return before.replace(/^.*@/, "").replace(/:\d+$/, "");
}

/** Whether an address in a text is that of a link. */
function leadsTo(address: string, url: URL): boolean {
  if (url.protocol === "mailto:") {
    const [named = ""] = address.replace(/^mailto:/i, "").split(/[/?#]/);
    return named.toLowerCase() === mailAddress(url).toLowerCase();
  }
  try {
    return plainHost(new URL(`https://${hostIn(address)}`).hostname) === plainHost(url.hostname);
  } catch {
    return false;
  }
}

function plainHost(host: string): string {
  return host.replace(/^www\./, "").replace(/\.$/, "");
}

function mailAddress(url: URL): string {
  try {
    return decodeURIComponent(url.pathname);
  } catch {
    return url.pathname;
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

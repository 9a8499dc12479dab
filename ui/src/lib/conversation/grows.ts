import type { Attachment } from "svelte/attachments";

const LINE = 22;
const MOST_LINES = 8;

/** Lets a text area grow with its text, up to eight lines; then it scrolls. */
export function grows(text: () => string): Attachment<HTMLTextAreaElement> {
  return (node) => {
    text();
    node.style.height = "auto";
    const height = Math.min(node.scrollHeight, LINE * MOST_LINES);
    node.style.height = `${Math.max(LINE, height)}px`;
    node.style.overflowY = node.scrollHeight > LINE * MOST_LINES ? "auto" : "hidden";
  };
}

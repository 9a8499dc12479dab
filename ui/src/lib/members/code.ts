/** A code in groups of four, which are easier to read and to say. */
export function grouped(code: string): string {
  return code.match(/.{1,4}/g)?.join(" ") ?? code;
}

// An authenticator app (RFC 6238): six digits, thirty seconds, HMAC-SHA-1.

import { createHmac } from "node:crypto";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

function bytesOf(base32) {
  const bytes = [];
  let [bits, value] = [0, 0];
  for (const letter of base32) {
    value = (value << 5) | ALPHABET.indexOf(letter);
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((value >> bits) & 0xff);
  }
  return Buffer.from(bytes);
}

/** The code of a secret, so many steps of thirty seconds from now. */
export function codeOf(secret, { steps = 0, now = Date.now() } = {}) {
  const counter = Buffer.alloc(8);
  counter.writeBigInt64BE(BigInt(Math.floor(now / 30_000) + steps));
  const hash = createHmac("sha1", bytesOf(secret)).update(counter).digest();
  const number = hash.readUInt32BE(hash.at(-1) & 0x0f) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

/** A code that is none of those that count now. */
export function wrongCodeOf(secret) {
  const good = [-2, -1, 0, 1, 2].map((steps) => codeOf(secret, { steps }));
  return ["000000", "111111", "222222", "333333", "444444", "555555"].find(
    (code) => !good.includes(code),
  );
}

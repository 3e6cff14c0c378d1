/* The token of a conversation in the address's fragment, as public decoders of Gmail's addresses describe it: the perm id
   without its first word, in base64, written with forty letters in place of sixty-four. The hexadecimal id is
   understood as well. */

const FULL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const REDUCED = "BCDFGHJKLMNPQRSTVWXZbcdfghjklmnpqrstvwxz";

function rewritten(text, from, to) {
  const [base, wide] = [BigInt(from.length), BigInt(to.length)];
  let value = 0n;
  for (const letter of text) {
    const place = from.indexOf(letter);
    if (place < 0) {
      return "";
    }
    value = value * base + BigInt(place);
  }
  let found = "";
  for (; value > 0n; value /= wide) {
    found = to[Number(value % wide)] + found;
  }
  return found;
}

export function tokenOf(permId) {
  return rewritten(btoa(permId.replace(/^thread-/, "")).replace(/=+$/, ""), FULL, REDUCED);
}

/* The perm id of a token, "" where it is none. */
export function permIdOf(token) {
  try {
    const text = atob(rewritten(token, REDUCED, FULL));
    return /^(f:\d+|a:r-?\d+)$/.test(text) ? `thread-${text}` : "";
  } catch {
    return "";
  }
}

export function isHex(token) {
  return /^[0-9a-f]{16}$/.test(token);
}

/* `thread-f:` and its number in decimal are the id in hexadecimal; of `thread-a:` only the server knows it. */
export function hexOf(permId) {
  const found = /^thread-f:(\d+)$/.exec(permId);
  return found ? BigInt(found[1]).toString(16).padStart(16, "0") : "";
}

/* What every host has: the two ways in which it gives no answer, and nonces. */

/* No host, or one that went away. */
export class HostGone extends Error {}

/* A host that says no: `code` is of the bridge's closed list, `words` are the host's for the person. */
export class HostRefused extends Error {
  constructor(code, words = "") {
    super(words);
    this.code = code;
  }
}

/* 192 random bits as 32 characters of base64url. */
export function newNonce() {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_");
}

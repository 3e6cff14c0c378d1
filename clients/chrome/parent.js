/* The host's end of the host bridge (docs/host-bridge.md): for a page or an extension's content script with the pane in
   a frame. A plain script without imports, so that an extension can carry a copy; it gives `alongsideHost.connect`. */
"use strict";

globalThis.alongsideHost = (function () {
  const VERSIONS = [1];
  const MAX_TEXT = 256 * 1024;
  const AGAIN_MS = 250;
  const GIVE_UP_MS = 15_000;
  const NONCE = /^[A-Za-z0-9_-]{22,64}$/;
  const CODES = ["busy", "cancelled", "denied", "invalid", "mismatch", "timeout", "too-large", "unavailable", "unsupported"];

  const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
  const isText = (value, max) => typeof value === "string" && value.length <= max;
  const isWhole = (value) => Number.isInteger(value) && value >= 0 && value <= 2 ** 31;

  /* What the pane may ask or tell, and whether its body is what it has to be. */
  const BODIES = {
    read: () => true,
    prove: ({ interactive }) => interactive === undefined || typeof interactive === "boolean",
    "dialog-open": ({ url }) => isText(url, 2048),
    "dialog-close": ({ dialog }) => isWhole(dialog),
    "mark-state": ({ name }) => name === undefined || isText(name, 255),
    mark: ({ marked, name }) => typeof marked === "boolean" && (name === undefined || isText(name, 255)),
    "open-link": ({ url }) => isText(url, 2048) && url.startsWith("https://"),
    references: ({ item_key: key, org }) => isText(key, 1024) && isText(org, 255) && org.startsWith("https://"),
    leave: ({ direction }) => direction === "next" || direction === "previous",
  };

  function newNonce() {
    const bytes = crypto.getRandomValues(new Uint8Array(24));
    return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_");
  }

  function parsed(data) {
    if (!isText(data, MAX_TEXT)) {
      return null;
    }
    try {
      const value = JSON.parse(data);
      return isObject(value) ? value : null;
    } catch {
      return null;
    }
  }

  /* An error of the closed list, thrown by a handler. `words` are for the person, in their language. */
  class Refusal extends Error {
    constructor(code, words = "") {
      super(words);
      this.code = CODES.includes(code) ? code : "unavailable";
    }
  }

  /* Begins to speak to the pane in `frame`, whose page is of `origin`.

     client        the host's name for the server
     opening       {capabilities, theme, locale, name}
     handlers      by kind: what the pane asks (the returned value, or promise, is the answer's body) or tells
     onOpen()      the pane speaks; onRefused(reason) it does not: "version", "too-many", "no-answer"

     Gives {tell(kind, body), close()}. */
  function connect({ frame, origin, client, opening, handlers, onOpen = () => {}, onRefused = () => {} }) {
    const sent = new Set();
    let port = null;
    const began = Date.now();
    const timer = setInterval(greet, AGAIN_MS);

    function greet() {
      if (Date.now() - began > GIVE_UP_MS) {
        close();
        onRefused("no-answer");
        return;
      }
      const nonce = newNonce();
      sent.add(nonce);
      const hello = { bridge: "alongside", kind: "hello", nonce, versions: VERSIONS };
      frame.contentWindow?.postMessage(JSON.stringify(hello), origin);
    }

    function heard(event) {
      if (port || event.source !== frame.contentWindow || event.origin !== origin) {
        return;
      }
      const message = parsed(event.data);
      if (message?.bridge !== "alongside" || !sent.delete(message.nonce)) {
        return;
      }
      if (message.kind === "refused" && (message.reason === "version" || message.reason === "too-many")) {
        close();
        onRefused(message.reason);
      } else if (message.kind === "welcome" && VERSIONS.includes(message.version) && NONCE.test(message.reply) && event.ports.length === 1) {
        clearInterval(timer);
        removeEventListener("message", heard);
        [port] = event.ports;
        port.onmessage = ({ data }) => said(data);
        port.postMessage(JSON.stringify({ kind: "open", nonce: message.reply, client, ...opening }));
        onOpen();
      }
    }

    async function said(data) {
      const message = parsed(data);
      if (!message || !isText(message.kind, 32) || message.kind === "invalid" || message.kind === "unsupported") {
        return;
      }
      const { kind, id } = message;
      const body = isObject(message.body) ? message.body : {};
      const handler = Object.hasOwn(handlers, kind) ? handlers[kind] : null;
      const reply = (more) => isWhole(id) && port?.postMessage(JSON.stringify({ kind: "answer", re: id, ...more }));
      if (!handler || !Object.hasOwn(BODIES, kind)) {
        reply({ error: { code: "unsupported" } });
        return;
      }
      if (!BODIES[kind](body)) {
        reply({ error: { code: "invalid" } });
        return;
      }
      try {
        reply({ body: (await handler(body)) ?? {} });
      } catch (error) {
        const known = error instanceof Refusal;
        reply({ error: { code: known ? error.code : "unavailable", words: known ? error.message.slice(0, 512) : "" } });
      }
    }

    function close() {
      clearInterval(timer);
      removeEventListener("message", heard);
      port?.close();
      port = null;
    }

    addEventListener("message", heard);
    greet();
    return {
      tell: (kind, body = {}) => port?.postMessage(JSON.stringify({ kind, body })),
      close,
    };
  }

  return { connect, Refusal };
})();

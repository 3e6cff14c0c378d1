/* The pane's end of the host bridge (docs/host-bridge.md): a mail client in the window around the pane.

     hello (window, host's origin) ─► welcome with a port ─► open (port, our nonce) ─► messages on the port
            └─► refused: version, replayed, too-many

   A message of another window or origin is not answered: whoever has no business here learns nothing. */

import { ANSWERS, Misshapen, NOTICES, readEnvelope, readHello, readOpening } from "./bridge_shapes.js";
import { HostGone, HostRefused, newNonce } from "./hosts/common.js";

export const VERSIONS = Object.freeze([1]);
export const CAPABILITIES = Object.freeze(["compose", "dialog", "focus", "item", "locale", "mailbox", "open-link", "theme"]);

const HEARD_WITHIN_MS = 10_000;
const ANSWERED_WITHIN_MS = 10_000;
const MAX_HELLOS = 64;
const MAX_PENDING = 8;
const MAX_WAITING = 32;
const MAX_BAD = 20;

/* Waits for the host around this window. `origins`: those that may be it. Resolves with a channel, rejects with
   HostGone. */
export function meetHost({ origins }) {
  const { parent } = globalThis;
  const allowed = new Set(origins);
  const seen = new Set();
  const pending = new Set();

  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => end(() => reject(new HostGone())), HEARD_WITHIN_MS);

    function end(then) {
      clearTimeout(timer);
      globalThis.removeEventListener("message", heard);
      then();
      for (const port of pending) {
        port.close();
      }
      pending.clear();
    }

    function heard(event) {
      if (event.source !== parent || event.source === globalThis || !allowed.has(event.origin)) {
        return;
      }
      let hello;
      try {
        hello = readHello(event.data);
      } catch {
        return;
      }
      const tell = (kind, more, ports = []) =>
        parent.postMessage(JSON.stringify({ bridge: "alongside", kind, nonce: hello.nonce, ...more }), event.origin, ports);
      if (seen.has(hello.nonce)) {
        tell("refused", { reason: "replayed" });
        return;
      }
      if (seen.size >= MAX_HELLOS || pending.size >= MAX_PENDING) {
        tell("refused", { reason: "too-many" });
        return;
      }
      seen.add(hello.nonce);
      const version = Math.max(...VERSIONS.filter((one) => hello.versions.includes(one)));
      if (!Number.isFinite(version)) {
        tell("refused", { reason: "version", versions: VERSIONS });
        return;
      }
      const { port1, port2 } = new MessageChannel();
      const reply = newNonce();
      pending.add(port1);
      port1.onmessage = ({ data }) => {
        pending.delete(port1);
        try {
          const opening = readOpening(data);
          if (opening.nonce !== reply) {
            throw new Misshapen("nonce");
          }
          end(() => resolve(channelOn(port1, version, opening)));
        } catch {
          port1.close();
        }
      };
      tell("welcome", { version, reply, capabilities: CAPABILITIES }, [port2]);
    }

    globalThis.addEventListener("message", heard);
  });
}

function channelOn(port, version, opening) {
  const handlers = new Map();
  const waiting = new Map();
  let serial = 0;
  let bad = 0;
  let gone = false;

  function send(message) {
    if (!gone) {
      port.postMessage(JSON.stringify({ v: version, ...message }));
    }
  }

  function close() {
    gone = true;
    port.close();
    for (const { refuse } of waiting.values()) {
      refuse(new HostGone());
    }
    waiting.clear();
  }

  function answered({ re, body, error }) {
    const asked = waiting.get(re);
    if (!asked) {
      return; // too late: it was given up
    }
    waiting.delete(re);
    clearTimeout(asked.timer);
    if (error) {
      asked.refuse(new HostRefused(error.code, error.words));
      return;
    }
    try {
      asked.take(ANSWERS[asked.kind](body));
    } catch (wrong) {
      asked.refuse(new HostRefused("invalid"));
      throw wrong;
    }
  }

  port.onmessage = ({ data }) => {
    try {
      const message = readEnvelope(data);
      if (message.kind === "answer") {
        answered(message);
      } else if (message.kind === "unsupported") {
        answered({ re: message.re, error: { code: "unsupported" } });
      } else if (Object.hasOwn(NOTICES, message.kind)) {
        const body = NOTICES[message.kind](message.body ?? {});
        handlers.get(message.kind)?.(body);
      } else {
        send({ kind: "unsupported", body: { kind: message.kind } });
      }
    } catch (wrong) {
      if (!(wrong instanceof Misshapen)) {
        throw wrong;
      }
      bad += 1;
      send({ kind: "invalid", body: { reason: wrong.message } });
      if (bad >= MAX_BAD) {
        close();
      }
    }
  };

  return {
    version,
    opening,

    /* Whether the host said that it can do it. */
    can: (name) => opening.capabilities.includes(name),

    /* handler(body) for what the host sends by itself. */
    on(kind, handler) {
      handlers.set(kind, handler);
    },

    /* Asks the host. Resolves with the answer, read by its shape; rejects with HostRefused or HostGone. `within`: how
       long it may take in ms, Infinity where a person has to do something. */
    ask(kind, body = {}, within = ANSWERED_WITHIN_MS) {
      return new Promise((take, refuse) => {
        if (gone) {
          refuse(new HostGone());
          return;
        }
        if (waiting.size >= MAX_WAITING) {
          refuse(new HostRefused("busy"));
          return;
        }
        serial += 1;
        const id = serial;
        const late = () => {
          waiting.delete(id);
          refuse(new HostRefused("timeout"));
        };
        const timer = Number.isFinite(within) ? setTimeout(late, within) : 0;
        waiting.set(id, { kind, take, refuse, timer });
        send({ kind, id, body });
      });
    },

    /* Tells the host, who answers nothing. */
    tell(kind, body = {}) {
      send({ kind, body });
    },
  };
}

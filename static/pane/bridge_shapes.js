/* The shapes of the host bridge's messages, version 1 (docs/host-bridge.md), read strictly.

   A reader takes what came, and gives back a new value with nothing in it but what is described here, or throws
   Misshapen. Fields that are not described are left out, so that a newer host may send more. */

export class Misshapen extends Error {}

/* A message's text, and of that an item's; in UTF-16 code units. */
export const MAX_TEXT = 256 * 1024;
const KEY = /^[\x21-\x7e]{1,1024}$/;
const NONCE = /^[A-Za-z0-9_-]{22,64}$/;
const NAME = /^[a-z][a-z0-9-]{0,31}$/;
const LOCALE = /^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}$/;

export const CODES = Object.freeze([
  "busy", "cancelled", "denied", "invalid", "mismatch", "timeout", "too-large", "unavailable", "unsupported",
]);

const fail = (why) => {
  throw new Misshapen(why);
};
const text = (max) => (value) => (typeof value === "string" && value.length <= max ? value : fail("text"));
const matching = (pattern) => (value) => (typeof value === "string" && pattern.test(value) ? value : fail("text"));
const bool = (value) => (typeof value === "boolean" ? value : fail("boolean"));
const whole = (max) => (value) => (Number.isInteger(value) && value >= 0 && value <= max ? value : fail("number"));
const oneOf = (...values) => (value) => (values.includes(value) ? value : fail("choice"));
const nullable = (read) => (value) => (value === null ? null : read(value));
const list = (read, max) => (value) => (Array.isArray(value) && value.length <= max ? value.map(read) : fail("list"));

function object(required, optional = {}) {
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      fail("object");
    }
    const read = {};
    for (const [name, reader] of Object.entries(required)) {
      read[name] = reader(Object.hasOwn(value, name) ? value[name] : undefined);
    }
    for (const [name, reader] of Object.entries(optional)) {
      if (Object.hasOwn(value, name) && value[name] !== undefined) {
        read[name] = reader(value[name]);
      }
    }
    return read;
  };
}

const moment = (value) => (typeof value === "string" && value.length <= 40 && !Number.isNaN(Date.parse(value)) ? value : fail("moment"));
const address = object({ address: text(1024) }, { name: text(1024) });
const addresses = list(address, 1000);
const attachment = object(
  { key: matching(KEY), name: text(1024), size: whole(2 ** 40) },
  { content_type: text(255), kind: oneOf("file", "message", "link"), content_id: text(998), is_inline: bool },
);

/* What the server is told of an open email: hints, which it fetches again before anything is filed. */
const hint = object(
  { item_key: matching(KEY) },
  {
    internet_message_id: text(4096), conversation_id: text(1024), subject: text(4096), sent_at: nullable(moment),
    from: nullable(address), sender: nullable(address), reply_to: addresses, to: addresses, cc: addresses, bcc: addresses,
    attachments: list(attachment, 500), item_class: text(255), account: text(320),
  },
);

const mailbox = object({ address: text(320), kind: oneOf("own", "shared", "delegated", "other") }, { name: text(1024) });

function item(value) {
  const read = object({ kind: oneOf("message", "compose", "appointment", "unsupported") }, { mailbox, hint })(value);
  if (read.kind === "message" && !read.hint) {
    fail("hint");
  }
  return read;
}

const theme = oneOf("light", "dark");
const locale = matching(LOCALE);
const capabilities = list(matching(NAME), 64);
const dialog = whole(2 ** 31);
const marked = object({ marked: bool });
const nothing = object({});

/* What a host sends by itself. */
export const NOTICES = Object.freeze({
  item: object({}),
  theme: object({ theme }),
  locale: object({ locale }),
  focus: object({ to: oneOf("first", "last") }),
  compose: marked,
  "dialog-message": object({ dialog, text: text(4096) }),
  "dialog-closed": object({ dialog }),
});

/* What a host answers to each request of the pane. */
export const ANSWERS = Object.freeze({
  read: object({ item: nullable(item) }),
  prove: object({ token: text(16_384), client: matching(NAME) }, { nonce: matching(NONCE) }),
  "dialog-open": object({ dialog }),
  "dialog-close": nothing,
  references: object({ references: list(text(600), 20) }),
  mark: marked,
  "mark-state": marked,
});

export const readItem = nullable(item);

const hello = object({ bridge: oneOf("alongside"), kind: oneOf("hello"), nonce: matching(NONCE), versions: list(whole(1000), 16) });
const opening = object(
  { kind: oneOf("open"), nonce: matching(NONCE), client: matching(NAME), capabilities },
  { theme, locale, name: text(64) },
);
const envelope = object(
  { kind: matching(NAME) },
  { re: whole(2 ** 31), body: (value) => value, error: object({ code: oneOf(...CODES) }, { words: text(512) }) },
);

function parsed(data) {
  if (typeof data !== "string") {
    fail("not text");
  }
  if (data.length > MAX_TEXT) {
    fail("too large");
  }
  try {
    return JSON.parse(data);
  } catch {
    return fail("not JSON");
  }
}

export const readHello = (data) => hello(parsed(data));
export const readOpening = (data) => opening(parsed(data));
export const readEnvelope = (data) => envelope(parsed(data));

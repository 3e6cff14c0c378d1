/* Gmail of the demo: a list, a conversation, and the pane beside it, which is spoken to over the host bridge as the
   extension speaks to it (docs/host-bridge.md). */

import { longTime, shortTime, size } from "./formats.js";

const { alongsideHost, alongsideReferences } = globalThis;
const { origin } = window.location;
const { dataset } = document.body;
const $ = (id) => document.getElementById(id);
const word = (name) => $("words").content.querySelector(`[data-word="${name}"]`).textContent;
const pane = $("pane");
const dialog = $("dialog");
const dialogFrame = $("dialog-frame");
const state = { person: null, view: "inbox", item: null, opening: 0, dark: false, dialogId: 0, bridge: null };

function url(path, query = {}) {
  const address = new URL(`${dataset.demoUrl}${state.person.key}/${path}/`, origin);
  for (const [name, value] of Object.entries(query)) {
    address.searchParams.set(name, value);
  }
  return address;
}

async function read(path, query, options) {
  const answer = await fetch(url(path, query), { credentials: "omit", ...options });
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    throw new Error(told.detail || word("failed"));
  }
  return told;
}

function make(tag, className, text) {
  const element = document.createElement(tag);
  element.className = className;
  if (text !== undefined) {
    element.textContent = text;
  }
  return element;
}

const nameOf = (person) => person?.name || person?.address || word("no-sender");

/* The pane. */

function connect() {
  state.bridge?.close();
  pane.src = dataset.paneUrl;
  state.bridge = alongsideHost.connect({
    frame: pane,
    origin,
    client: "gmail",
    opening: {
      capabilities: ["dialog", "focus", "item", "open-link", "references", "theme"],
      theme: state.dark ? "dark" : "light",
      locale: navigator.language,
      name: "Gmail",
    },
    handlers: {
      read: () => ({ item: state.item }),
      prove,
      "dialog-open": ({ url: address }) => openDialog(address),
      "dialog-close": ({ dialog: number }) => {
        if (number === state.dialogId) {
          shut();
        }
      },
      references,
      "open-link": ({ url: address }) => openLink(address),
      leave: ({ direction }) => leave(pane, direction === "previous"),
    },
  });
}

async function prove() {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  const nonce = btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_");
  const { token } = await read("token", {}, { method: "POST", body: new URLSearchParams({ nonce }) });
  return { token, client: "gmail", nonce };
}

async function references({ item_key: key, org }) {
  const answer = state.message?.id === key ? await fetch(url("body", { id: key })) : null;
  return { references: answer?.ok ? alongsideReferences.within(await answer.text(), org) : [] };
}

/* The sandbox's Salesforce has no pages of its own: the demo shows its records. */
function openLink(address) {
  const shown = new URL(`${dataset.peopleUrl}${state.person.key}/record/`, origin);
  shown.searchParams.set("at", address);
  window.open(address.startsWith(`${dataset.salesforceUrl}/`) ? shown : address, "_blank", "noopener");
}

function openDialog(address) {
  if (new URL(address, origin).origin !== origin) {
    throw new alongsideHost.Refusal("denied");
  }
  if (dialog.open) {
    throw new alongsideHost.Refusal("busy", word("dialog-open"));
  }
  state.dialogId += 1;
  $("dialog-host").textContent = new URL(address, origin).host;
  dialogFrame.src = address;
  dialog.showModal();
  return { dialog: state.dialogId };
}

function shut() {
  dialogFrame.src = "about:blank";
  dialog.close();
}

function shutByPerson() {
  shut();
  state.bridge.tell("dialog-closed", { dialog: state.dialogId });
}

$("dialog-close").addEventListener("click", shutByPerson);
dialog.addEventListener("cancel", (event) => {
  event.preventDefault();
  shutByPerson();
});

/* Our own pages in the dialog hand their word to whatever Office.js is there; here that is this page. */
window.addEventListener("message", (event) => {
  if (event.source !== dialogFrame.contentWindow || event.origin !== origin || !event.data?.alongsideHost) {
    return;
  }
  if (event.data.kind === "hello") {
    const shape = { platform: "OfficeOnline", sets: { DialogApi: "1.1" }, diagnostics: {}, accountType: "gmail" };
    const value = { shape, item: null, profile: {}, salesforce: null };
    dialogFrame.contentWindow.postMessage({ alongsideOffice: true, kind: "hello", value }, origin);
  } else if (event.data.kind === "message-parent") {
    state.bridge.tell("dialog-message", { dialog: state.dialogId, text: String(event.data.message) });
  }
});

/* Mail. */

function enter(option) {
  state.person = { key: option.value, name: option.dataset.name, email: option.dataset.email };
  settle(null);
  connect();
  show(state.view);
}

function show(view) {
  state.view = view;
  for (const button of document.querySelectorAll("[data-view]")) {
    const isIt = button.dataset.view === view;
    button.setAttribute("aria-current", String(isIt));
    if (isIt) {
      $("folder-name").textContent = button.textContent;
    }
  }
  $("messages").replaceChildren();
  list(view, "");
}

async function list(view, page) {
  const { person } = state;
  try {
    const { rows, next } = await read("messages", { view, page });
    if (person !== state.person || view !== state.view) {
      return;
    }
    $("list-note").textContent = rows.length || page ? "" : word("empty");
    $("messages").append(...rows.map(row));
    if (next) {
      const place = make("li", "");
      const more = make("button", "message__more", word("more"));
      more.type = "button";
      place.append(more);
      more.addEventListener("click", () => {
        place.remove();
        list(view, next);
      });
      $("messages").append(place);
    }
  } catch (error) {
    $("list-note").textContent = error.message;
  }
}

function row(message) {
  const place = make("li", "");
  place.setAttribute("role", "presentation");
  const button = make("button", "message");
  button.type = "button";
  button.setAttribute("role", "option");
  button.setAttribute("aria-selected", "false");
  if (message.unread) {
    button.dataset.unread = "";
  }
  button.append(
    make("bdi", "message__from", nameOf(message.from)),
    make("span", "message__at", shortTime(message.at)),
    make("bdi", "message__subject", message.subject || word("no-subject")),
    make("bdi", "message__preview", message.snippet.slice(0, 140)),
  );
  button.addEventListener("click", () => open(message, button));
  place.append(button);
  return place;
}

async function open({ threadId }, button) {
  state.opening += 1;
  const mine = state.opening;
  for (const other of document.querySelectorAll(".message")) {
    other.setAttribute("aria-selected", String(other === button));
  }
  try {
    const told = await read("thread", { id: threadId });
    if (mine === state.opening) {
      paint(told.messages);
    }
  } catch (error) {
    if (mine === state.opening) {
      settle(null, error.message);
    }
  }
}

/* The last message is open; pressing another's sender opens that one, and the pane follows. */
function paint(messages) {
  const whole = make("div", "conversation");
  whole.append(make("h2", "mail__subject", messages[0].subject || word("no-subject")));
  whole.firstChild.dir = "auto";
  const parts = messages.map((message) => part(message, () => choose(message, parts)));
  whole.append(...parts.map(({ article }) => article));
  $("reading").replaceChildren(whole);
  choose(messages.at(-1), parts);
}

function part(message, press) {
  const article = $("message-template").content.cloneNode(true).firstElementChild;
  const at = (selector) => article.querySelector(selector);
  at(".mail__from").append(make("bdi", "", nameOf(message.from)));
  at(".mail__from").addEventListener("click", press);
  at(".mail__avatar").textContent = nameOf(message.from).slice(0, 1).toUpperCase();
  const people = (those) => those.map(nameOf).join(", ");
  at(".mail__to").append(`${word("to")} `, make("bdi", "", people(message.to)));
  if (message.cc.length) {
    at(".mail__to").append(` ${word("cc")} `, make("bdi", "", people(message.cc)));
  }
  at(".mail__time").textContent = longTime(message.at);
  for (const file of message.attachments) {
    const place = make("li", "mail__file");
    place.append(make("bdi", "", file.name), make("span", "", size(file.size)));
    at(".mail__files").append(place);
  }
  return { article, message };
}

function choose(message, parts) {
  for (const { article, message: one } of parts) {
    const isIt = one === message;
    article.querySelector(".mail__from").setAttribute("aria-expanded", String(isIt));
    article.querySelector(".mail__body")?.remove();
    if (isIt) {
      const frame = $("body-template").content.cloneNode(true).firstElementChild;
      frame.src = url("body", { id: one.id, theme: state.dark ? "dark" : "light" });
      article.append(frame);
    }
  }
  settle(message);
}

/* From now on this is the open item. */
function settle(message, note = dataset.none) {
  state.message = message;
  state.item = message && itemOf(message);
  if (!message) {
    $("reading").replaceChildren(make("p", "reading__none", note));
  }
  state.bridge?.tell("item");
}

function itemOf(message) {
  const { email } = state.person;
  const mailbox = { address: email, kind: "own" };
  if (message.draft) {
    return { kind: "compose", mailbox };
  }
  const { id, threadId, messageId, subject, from, to, cc, attachments, at } = message;
  const hint = {
    item_key: id,
    conversation_id: threadId,
    internet_message_id: messageId,
    subject,
    sent_at: new Date(at).toISOString(),
    to,
    cc,
    attachments: attachments.map((file, place) => ({ ...file, key: `page-${place}` })),
    account: email,
    ...(from ? { from } : {}),
  };
  return { kind: "message", mailbox, hint };
}

/* Person, theme, keyboard. */

const PARTS = ["folders", "messages", "reading", "pane"];

function leave(from, back) {
  const parts = PARTS.map($).filter((one) => one.checkVisibility());
  const here = from === pane ? parts.indexOf(pane) : parts.findIndex((one) => one.contains(document.activeElement));
  const next = parts[(here + (back ? -1 : 1) + parts.length) % parts.length];
  if (next === pane) {
    pane.focus();
    state.bridge.tell("focus", { to: back ? "last" : "first" });
  } else {
    (next.querySelector("button") || next).focus();
  }
}

document.addEventListener("keydown", (event) => {
  if (event.key === "F6") {
    event.preventDefault();
    leave(null, event.shiftKey);
  }
});

function applyTheme(dark) {
  state.dark = dark;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  $("theme").setAttribute("aria-pressed", String(dark));
  state.bridge?.tell("theme", { theme: dark ? "dark" : "light" });
  const frame = document.querySelector(".mail__body");
  if (frame && state.message) {
    frame.src = url("body", { id: state.message.id, theme: dark ? "dark" : "light" });
  }
}

for (const button of document.querySelectorAll("[data-view]")) {
  button.addEventListener("click", () => show(button.dataset.view));
}
$("theme").addEventListener("click", () => applyTheme(!state.dark));
$("person").addEventListener("change", ({ target }) => enter(target.selectedOptions[0]));

const wanted = new URLSearchParams(window.location.search);
applyTheme(wanted.get("theme") ? wanted.get("theme") === "dark" : window.matchMedia("(prefers-color-scheme: dark)").matches);
const first = [...$("person").options].find((one) => one.value === wanted.get("person")) || $("person").options[0];
$("person").value = first.value;
enter(first);

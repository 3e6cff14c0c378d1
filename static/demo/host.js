/* The mail client of the demo: folders, messages, reading, writing, and the add-in's frame.

   Which client it looks like to the add-in is chosen by the address, see shapes.js. */

import { longTime, shortTime, size } from "./formats.js";
import { makeFrames } from "./frames.js";
import { chosen } from "./shapes.js";
import { makeWriting } from "./writing.js";

const { origin } = window.location;
const $ = (id) => document.getElementById(id);
const base = document.body.dataset.demoUrl;
const word = (name) => $("words").content.querySelector(`[data-word="${name}"]`).textContent;

const pane = $("pane");
const client = chosen(window.location.search);
const state = { person: null, owner: null, folder: null, item: null, writing: null, parts: {}, selected: "", opening: 0, dark: false };

const THEMES = {
  light: { bodyBackgroundColor: "#FFFFFF", bodyForegroundColor: "#242424", controlBackgroundColor: "#FFFFFF", controlForegroundColor: "#242424", isDarkTheme: false },
  dark: { bodyBackgroundColor: "#292929", bodyForegroundColor: "#FFFFFF", controlBackgroundColor: "#1F1F1F", controlForegroundColor: "#FFFFFF", isDarkTheme: true },
};

const FIRST_FOLDERS = ["Inbox", "Drafts", "Sent Items", "Archive", "Deleted Items", "Junk Email"];

const theme = () => THEMES[state.dark ? "dark" : "light"];

/* Mail is the mailbox owner's, who is the person but for a shared or delegated mailbox; tokens are the person's own. */
function url(path, query = {}, whose = state.owner || state.person) {
  const address = new URL(`${base}${whose.key}/${path}/`, origin);
  for (const [name, value] of Object.entries(query)) {
    address.searchParams.set(name, value);
  }
  return address;
}

async function read(path, query, options, whose) {
  const answer = await fetch(url(path, query, whose), { credentials: "omit", ...options });
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

/* People, folders, messages. */

const personOf = ({ value, dataset }) => ({ key: value, name: dataset.name, email: dataset.email });

function enter(key) {
  const options = [...$("person").options];
  const option = options.find((one) => one.value === key) || options[0];
  $("person").value = option.value;
  state.person = personOf(option);
  const owner = options.find((one) => one.value === client.owner && one !== option);
  state.owner = owner ? personOf(owner) : null;
  state.item = null;
  state.selected = "";
  $("reading").replaceChildren(make("p", "reading__none", document.body.dataset.none));
  openPane(client.pinned || !client.shape.isSmall);
  listFolders();
  if (client.mode === "compose") {
    write("message");
  } else if (client.mode === "organizer") {
    write("appointment", { ...nextHour(), subject: "" });
  }
}

/* An add-in that is not pinned closes when another item is opened, and is opened again by its button. */
function openPane(isOpen) {
  document.body.dataset.addin = isOpen ? "open" : "closed";
  pane.src = isOpen ? document.body.dataset.paneUrl : "about:blank";
  $("open-addin").hidden = isOpen;
}

$("open-addin").addEventListener("click", () => {
  openPane(true);
  pane.focus();
});
$("close-addin").addEventListener("click", () => {
  openPane(false);
  $("open-addin").focus();
});

async function listFolders() {
  const person = state.person.key;
  $("messages").replaceChildren();
  try {
    const { folders } = await read("folders");
    if (person !== state.person.key) {
      return;
    }
    const place = ({ name }) => (FIRST_FOLDERS.indexOf(name) + 1 || FIRST_FOLDERS.length + 1);
    folders.sort((one, other) => place(one) - place(other) || one.name.localeCompare(other.name));
    const rows = folders.map((folder) => {
      const row = document.createElement("li");
      const button = make("button", "folder");
      button.type = "button";
      button.append(make("span", "folder__name", folder.name));
      if (folder.unread) {
        button.append(make("span", "folder__count", String(folder.unread)));
      }
      button.addEventListener("click", () => openFolder(folder, button));
      row.append(button);
      return row;
    });
    $("folders").replaceChildren(...rows);
    const first = Math.max(0, folders.findIndex((folder) => folder.name === "Inbox"));
    openFolder(folders[first], rows[first].firstChild);
  } catch (error) {
    $("list-note").textContent = error.message;
  }
}

function openFolder(folder, button) {
  for (const other of document.querySelectorAll(".folder")) {
    other.setAttribute("aria-current", String(other === button));
  }
  state.folder = folder;
  $("folder-name").textContent = folder.name;
  $("messages").replaceChildren();
  listMessages(folder, 0);
}

async function listMessages(folder, skip) {
  const note = $("list-note");
  try {
    const { rows, next } = await read("messages", { folder: folder.id, skip });
    if (folder !== state.folder) {
      return;
    }
    note.textContent = rows.length || skip ? "" : word("empty");
    $("messages").append(...rows.map(messageRow));
    if (next !== null) {
      const more = make("button", "message__more", word("more"));
      more.type = "button";
      const place = make("li", "");
      place.append(more);
      more.addEventListener("click", () => {
        place.remove();
        listMessages(folder, next);
      });
      $("messages").append(place);
    }
  } catch (error) {
    note.textContent = error.message;
  }
}

function messageRow(row) {
  const place = document.createElement("li");
  place.setAttribute("role", "presentation");
  const button = make("button", "message");
  button.type = "button";
  button.setAttribute("role", "option");
  button.setAttribute("aria-selected", String(row.id === state.selected));
  button.dataset.id = row.id;
  if (!row.read) {
    button.dataset.unread = "";
  }
  const from = make("bdi", "message__from", row.from?.displayName || row.from?.emailAddress || word("no-sender"));
  const at = make("span", "message__at", shortTime(row.at));
  const subject = make("bdi", "message__subject", row.subject || word("no-subject"));
  const preview = make("bdi", "message__preview", row.preview.replace(/\s+/g, " ").slice(0, 140));
  button.append(from, at, subject, preview);
  button.addEventListener("click", () => openMessage(row.id, button));
  place.append(button);
  return place;
}

/* Opening one: the reading view at once, and the add-in is told. */
async function openMessage(id, button) {
  leaveItem();
  const mine = state.opening;
  state.selected = id;
  for (const other of document.querySelectorAll(".message")) {
    other.setAttribute("aria-selected", String(other === button));
  }
  delete button?.dataset.unread;
  try {
    const item = await read("item", { id });
    if (mine !== state.opening) {
      return;
    }
    if (item.isDraft) {
      const { subject, to, cc, conversationId } = item;
      write("message", { subject, to: to.filter(Boolean), cc: cc.filter(Boolean), conversationId });
      return;
    }
    state.parts = { categories: [], custom: {} };
    show(item);
    settle(client.mode === "attendee" ? appointmentOf(item) : item, null);
  } catch (error) {
    if (mine === state.opening) {
      $("reading").replaceChildren(make("p", "reading__none", error.message));
      settle(null, null);
    }
  }
}

/* An add-in that is not pinned goes with the item that it was opened for. */
function leaveItem() {
  state.opening += 1;
  if (document.body.dataset.addin === "open" && !client.pinned) {
    openPane(false);
  }
}

/* From now on this is the open item. */
function settle(item, writing) {
  state.item = item && state.owner ? { ...item, shared: sharedBy(state.owner) } : item;
  state.writing = writing;
  $("bars").replaceChildren();
  frames.announce(state.item);
}

/* A shared mailbox gives everything; a delegate may read, write and change, and delete what is their own. */
function sharedBy({ email }) {
  return { owner: email, targetMailbox: email, targetRestUrl: client.shape.restUrl ? `${origin}/api` : "", delegatePermissions: client.access === "shared" ? 63 : 23 };
}

/* The appointment that the people of an email have with each other, as an attendee has it open. */
function appointmentOf(item) {
  const { from, to, cc, ...rest } = item;
  return { ...rest, form: "appointment-read", itemClass: "IPM.Appointment", organizer: from, requiredAttendees: to.filter(Boolean), optionalAttendees: cc.filter(Boolean), location: "", ...nextHour() };
}

function nextHour() {
  const start = new Date();
  start.setHours(start.getHours() + 1, 0, 0, 0);
  return { start: start.toISOString(), end: new Date(start.valueOf() + 3_600_000).toISOString() };
}

function write(form, values = {}) {
  leaveItem();
  const writing = makeWriting({
    form,
    values,
    template: (name) => $(`write-${name}`).content.cloneNode(true).querySelector("form"),
    changed: (kind, fields) => frames.tell(kind, fields),
    send: (letter) => read("send", {}, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(letter) }),
    sent: () => {
      $("reading").replaceChildren(make("p", "reading__none", word("sent")));
      settle(null, null);
    },
    failed: (error) => {
      writing.root.querySelector("[role=alert]").textContent = error.message;
    },
  });
  $("reading").replaceChildren(writing.root);
  writing.root.querySelector("input").focus();
  settle(writing.item, writing);
}

/* What an add-in asks of the open item. */
async function getPart({ part, coercion, attachmentId }) {
  if (state.writing) {
    return part === "from" || part === "organizer" ? details(state.owner || state.person) : state.writing.get(part);
  }
  if (part === "body") {
    const html = await (await fetch(url("body", { id: state.selected }), { credentials: "omit" })).text();
    return coercion === "html" ? html : new DOMParser().parseFromString(html, "text/html").body.innerText;
  }
  if (part === "internet-headers" || part === "attachment") {
    return read(part, { id: state.selected, attachment: attachmentId || "" }).then(({ value }) => value);
  }
  return state.parts[part] ?? "";
}

async function setPart(part, value) {
  if (state.writing) {
    state.writing.set(part, value);
  } else {
    state.parts[part] = value;
  }
}

const details = ({ name, email }) => ({ displayName: name, emailAddress: email, recipientType: "user" });

async function save() {
  const id = `draft-${Date.now()}`;
  await setPart("itemId", id);
  return id;
}

function show(item) {
  const article = $("reading-template").content.cloneNode(true);
  const at = (selector) => article.querySelector(selector);
  const sender = item.from || item.sender;
  const name = sender?.displayName || sender?.emailAddress || word("no-sender");
  at(".mail__subject").textContent = item.subject || word("no-subject");
  at(".mail__from").append(make("bdi", "", name));
  if (sender?.displayName && sender.emailAddress) {
    at(".mail__from").append(" ", make("bdi", "", `<${sender.emailAddress}>`));
  }
  at(".mail__avatar").textContent = [...name.replace(/[^\p{L}\p{N} ]/gu, "").trim()].slice(0, 1).join("").toUpperCase();
  const people = (list) => list.map((one) => one?.displayName || one?.emailAddress || "").join("; ");
  const to = at(".mail__to");
  to.append(`${word("to")} `, make("bdi", "", people(item.to)));
  if (item.cc.length) {
    to.append(` ${word("cc")} `, make("bdi", "", people(item.cc)));
  }
  const time = at(".mail__time");
  time.dateTime = item.dateTimeCreated || "";
  time.textContent = longTime(item.dateTimeCreated);
  for (const file of item.attachments.filter((one) => !one.isInline)) {
    const row = make("li", "mail__file");
    row.append(make("bdi", "", file.name), make("span", "", size(file.size)));
    at(".mail__files").append(row);
  }
  at(".mail__body").src = url("body", { id: state.selected, theme: state.dark ? "dark" : "light" });
  $("reading").replaceChildren(article);
}

/* Person and theme. */

$("person").addEventListener("change", (event) => enter(event.target.value));

function applyTheme(dark) {
  state.dark = dark;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  $("theme").setAttribute("aria-pressed", String(dark));
  if (state.person) {
    frames.tell("theme", theme());
    const body = document.querySelector(".mail__body");
    if (body && state.item) {
      body.src = url("body", { id: state.selected, theme: dark ? "dark" : "light" });
    }
  }
}

$("theme").addEventListener("click", () => applyTheme(!state.dark));

$("messages").addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const buttons = [...$("messages").querySelectorAll("button")];
  const next = step && buttons[buttons.indexOf(document.activeElement) + step];
  if (next) {
    event.preventDefault();
    next.focus();
  }
});

/* F6 goes round the parts of the window, Shift and F6 the other way. */
const PARTS = ["folders", "messages", "reading", "pane"];

function leave(from, back) {
  const parts = PARTS.map($).filter((part) => part.checkVisibility());
  const here = from === pane ? parts.indexOf(pane) : parts.findIndex((part) => part.contains(document.activeElement));
  const next = parts[(here + (back ? -1 : 1) + parts.length) % parts.length];
  (next === pane ? pane : next.querySelector("button, input") || next).focus();
}

document.addEventListener("keydown", (event) => {
  if (event.key === "F6") {
    event.preventDefault();
    leave(null, event.shiftKey);
  }
});

$("new-message").addEventListener("click", () => write("message"));
$("new-appointment").addEventListener("click", () => write("appointment", nextHour()));

/* The client's own menu: each choice is an address of its own. */
for (const select of document.querySelectorAll("[data-choice]")) {
  select.value = new URLSearchParams(window.location.search).get(select.dataset.choice) || select.options[0].value;
  select.addEventListener("change", () => {
    const address = new URL(window.location.href);
    address.searchParams.set(select.dataset.choice, select.value);
    window.location.assign(address);
  });
}

function asked() {
  const question = $("question");
  question.showModal();
  return new Promise((resolve) => {
    question.addEventListener("close", () => resolve(question.returnValue === "allow"), { once: true });
  });
}

const frames = makeFrames({
  pane,
  dialog: $("dialog"),
  dialogFrame: $("dialog-frame"),
  dialogHost: $("dialog-host"),
  client,
  about: {
    word,
    theme,
    item: () => state.item,
    profile: () => ({ displayName: state.person.name, emailAddress: state.person.email }),
    salesforce: () => ({ url: document.body.dataset.salesforceUrl, shownAt: url("record", {}, state.person).href }),
    read: (path, query, options) => read(path, query, options, state.person),
  },
  doing: {
    getPart,
    setPart,
    save,
    leave,
    asked,
    closePane: () => openPane(false),
    notify: (messages) => $("bars").replaceChildren(...messages.map((text) => make("li", "bars__one", text))),
    openItem: (itemId) => openMessage(itemId.replace(/\//g, "-").replace(/\+/g, "_"), null),
    newMessage: ({ toRecipients = [], subject = "" }) => write("message", { subject, to: toRecipients.map((one) => (typeof one === "string" ? { emailAddress: one } : one)) }),
  },
});
$("dialog-close").addEventListener("click", frames.shutByPerson);

document.body.dataset.client = client.shape.isSmall ? "small" : "wide";
document.body.dataset.none = document.querySelector(".reading__none").textContent;
applyTheme(client.theme ? client.theme === "dark" : window.matchMedia("(prefers-color-scheme: dark)").matches);
enter("");

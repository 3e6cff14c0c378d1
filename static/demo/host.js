/* The mail client of the demo: folders, messages, reading, and the add-in's frame with its dialogs.

   Frames speak to it by postMessage; it answers only its own two frames, on its own origin. */

const { origin } = window.location;
const $ = (id) => document.getElementById(id);
const base = document.body.dataset.demoUrl;
const word = (name) => $("words").content.querySelector(`[data-word="${name}"]`).textContent;

const pane = $("pane");
const dialog = $("dialog");
const dialogFrame = $("dialog-frame");
const state = { person: null, folder: null, item: null, selected: "", opening: 0, dark: false, dialogId: 0 };

const THEMES = {
  light: { bodyBackgroundColor: "#FFFFFF", bodyForegroundColor: "#242424", controlBackgroundColor: "#FFFFFF", controlForegroundColor: "#242424", isDarkTheme: false },
  dark: { bodyBackgroundColor: "#292929", bodyForegroundColor: "#FFFFFF", controlBackgroundColor: "#1F1F1F", controlForegroundColor: "#FFFFFF", isDarkTheme: true },
};

const FIRST_FOLDERS = ["Inbox", "Drafts", "Sent Items", "Archive", "Deleted Items", "Junk Email"];

const theme = () => THEMES[state.dark ? "dark" : "light"];

function url(path, query = {}) {
  const address = new URL(`${base}${state.person.key}/${path}/`, origin);
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

/* People, folders, messages. */

function enter(key) {
  const option = [...$("person").options].find((one) => one.value === key) || $("person").options[0];
  $("person").value = option.value;
  state.person = { key: option.value, name: option.dataset.name, email: option.dataset.email };
  state.item = null;
  state.selected = "";
  $("reading").replaceChildren(make("p", "reading__none", document.body.dataset.none));
  pane.src = document.body.dataset.paneUrl;
  listFolders();
}

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
  state.opening += 1;
  const mine = state.opening;
  state.selected = id;
  for (const other of document.querySelectorAll(".message")) {
    other.setAttribute("aria-selected", String(other === button));
  }
  delete button.dataset.unread;
  try {
    const item = await read("item", { id });
    if (mine !== state.opening) {
      return;
    }
    state.item = item;
    show(item);
    tell(pane, "item", item);
  } catch (error) {
    if (mine === state.opening) {
      state.item = null;
      $("reading").replaceChildren(make("p", "reading__none", error.message));
      tell(pane, "item", null);
    }
  }
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

function shortTime(text) {
  const moment = new Date(text);
  if (Number.isNaN(moment.valueOf())) {
    return "";
  }
  const today = moment.toDateString() === new Date().toDateString();
  return new Intl.DateTimeFormat(undefined, today ? { timeStyle: "short" } : { month: "short", day: "numeric" }).format(moment);
}

function longTime(text) {
  const moment = new Date(text);
  return Number.isNaN(moment.valueOf()) ? "" : new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }).format(moment);
}

function size(bytes) {
  const units = ["byte", "kilobyte", "megabyte"];
  const power = Math.min(2, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const style = { style: "unit", unit: units[power], unitDisplay: "short", maximumFractionDigits: power > 1 ? 1 : 0 };
  return new Intl.NumberFormat(undefined, style).format(bytes / 1024 ** power);
}

/* The frames. */

function tell(frame, kind, value) {
  frame.contentWindow?.postMessage({ alongsideOffice: true, kind, value }, origin);
}

function answer(frame, id, promise) {
  promise.then(
    (value) => frame.contentWindow?.postMessage({ alongsideOffice: true, kind: "answer", id, value }, origin),
    (error) => frame.contentWindow?.postMessage({ alongsideOffice: true, kind: "answer", id, error: error.message }, origin),
  );
}

window.addEventListener("message", (event) => {
  const frame = [pane, dialogFrame].find((one) => one.contentWindow === event.source);
  if (!frame || event.origin !== origin || !event.data?.alongsideHost) {
    return;
  }
  const { kind, id } = event.data;
  if (kind === "hello") {
    tell(frame, "hello", {
      item: frame === pane ? state.item : null,
      theme: theme(),
      profile: { displayName: state.person.name, emailAddress: state.person.email },
      salesforce: { url: document.body.dataset.salesforceUrl, shownAt: url("record").href },
    });
  } else if (kind === "message-parent" && frame === dialogFrame) {
    tell(pane, "dialog-message", { dialogId: state.dialogId, message: event.data.message });
  } else if (frame === pane && kind === "access-token") {
    answer(pane, id, read("token", {}, { method: "POST" }).then(({ token }) => token));
  } else if (frame === pane && kind === "dialog-open") {
    answer(pane, id, openDialog(event.data.url));
  } else if (frame === pane && kind === "dialog-close" && event.data.dialogId === state.dialogId) {
    shut();
  }
});

async function openDialog(address) {
  if (dialog.open) {
    throw new Error("A dialog is open already.");
  }
  state.dialogId += 1;
  $("dialog-host").textContent = new URL(address).host;
  dialogFrame.src = address;
  dialog.showModal();
  return state.dialogId;
}

function shut() {
  dialogFrame.src = "about:blank";
  dialog.close();
}

function shutByPerson() {
  const { dialogId } = state;
  shut();
  tell(pane, "dialog-closed", { dialogId });
}

$("dialog-close").addEventListener("click", shutByPerson);
dialog.addEventListener("cancel", (event) => {
  event.preventDefault();
  shutByPerson();
});

/* Person and theme. */

$("person").addEventListener("change", (event) => enter(event.target.value));

function applyTheme(dark) {
  state.dark = dark;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  $("theme").setAttribute("aria-pressed", String(dark));
  if (state.person) {
    tell(pane, "theme", theme());
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

document.body.dataset.none = document.querySelector(".reading__none").textContent;
applyTheme(window.matchMedia("(prefers-color-scheme: dark)").matches);
enter("");

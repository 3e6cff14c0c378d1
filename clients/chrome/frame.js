/* Between Gmail's page and the server's pane: this page of the extension frames the pane, and is what the pane knows as
   its host (docs/host-bridge.md). Tokens go from the worker through here to the pane; Gmail's page and the content script
   in it see neither this page nor the port.

     content script (this tab, Gmail's top frame, our nonce) ─► item, theme, focus ─► pane
     pane ─► read, prove, dialog, leave, references ─► here ─► worker, content script */

const pane = document.getElementById("pane");
const notice = document.getElementById("notice");
const strange = document.getElementById("strange");
const nonce = location.hash.slice(1);
const word = (name, ...given) => chrome.i18n.getMessage(name, given);
const { alongsideHost } = globalThis;
const THEMES = ["light", "dark"];
const MAX_ITEM = 128 * 1024;
// What the server needs to ask Gmail itself for whatever is too long to be told.
const LEAST = ["item_key", "conversation_id", "account"];
const TOLD_WITHIN_MS = 2000;

let tabId;
let server = "";
let bridge = null;
let item = null;
let account = "";
let theme = "light";
let isLoaded = false;
let dialogs = 0;
const open = new Set();

document.documentElement.lang = chrome.i18n.getUILanguage();
document.documentElement.dir = word("@@bidi_dir");
pane.title = word("pane_title");

async function worker(kind, more = {}) {
  let answer;
  try {
    answer = await chrome.runtime.sendMessage({ to: "worker", kind, ...more });
  } catch {
    answer = null;
  }
  if (!answer || answer.error) {
    throw new alongsideHost.Refusal(answer?.error.code || "unavailable", answer?.error.words || "");
  }
  return answer.body;
}

function tellContent(kind, more = {}) {
  chrome.tabs.sendMessage(tabId, { nonce, kind, ...more }, { frameId: 0 }).catch(() => {});
}

function show(title, text, button, press) {
  pane.hidden = true;
  notice.hidden = false;
  notice.querySelector("h1").textContent = word(title);
  notice.querySelector("p").textContent = word(text);
  const action = notice.querySelector("button");
  action.hidden = !button;
  action.textContent = button ? word(button) : "";
  action.onclick = press;
}

/* The pane's page, and what it is answered. A new load of it is a new meeting. */
function load() {
  bridge?.close();
  bridge = null;
  isLoaded = true;
  open.clear();
  notice.hidden = true;
  pane.hidden = false;
  pane.src = `${server}/pane/gmail/`;
}

function meet() {
  bridge?.close();
  bridge = alongsideHost.connect({
    frame: pane,
    origin: server,
    client: "gmail",
    opening: {
      capabilities: ["dialog", "focus", "item", "mailbox", "open-link", "references", "theme"],
      theme,
      locale: chrome.i18n.getUILanguage(),
      name: "Gmail",
    },
    handlers: {
      read: () => ({ item }),
      prove,
      leave: ({ direction }) => tellContent("leave", { direction }),
      references,
      "open-link": ({ url }) => void globalThis.open(url, "_blank", "noopener,noreferrer"),
      "dialog-open": openDialog,
      "dialog-close": () => ({}),
    },
    onRefused: (reason) => show("no_answer", reason === "version" ? "old_version" : "unreachable", "again", load),
  });
}

/* A person sees a window only after they pressed for it in the pane (`interactive`). */
async function prove({ interactive }) {
  const mine = account;
  if (!mine) {
    throw new alongsideHost.Refusal("mismatch", word("no_account"));
  }
  const proof = await worker("prove", { account: mine, interactive: interactive === true });
  if (mine !== account) {
    throw new alongsideHost.Refusal("mismatch", word("mismatch", mine, account));
  }
  return { ...proof, client: "gmail" };
}

/* Only what looks like a reference ever comes from the page: never the email's text. */
async function references({ item_key: key, org }) {
  const found = await chrome.tabs.sendMessage(tabId, { nonce, kind: "references", key, org }, { frameId: 0 }).catch(() => []);
  const texts = Array.isArray(found) ? found.filter((one) => typeof one === "string" && one.length <= 600) : [];
  return { references: texts.slice(0, 20) };
}

async function openDialog({ url }) {
  const dialog = (dialogs += 1);
  const speaking = bridge;
  open.add(dialog);
  worker("dialog", { url }).then(
    ({ text }) => {
      if (speaking === bridge && open.delete(dialog)) {
        speaking.tell(...(text ? ["dialog-message", { dialog, text }] : ["dialog-closed", { dialog }]));
      }
    },
    () => speaking === bridge && open.delete(dialog) && speaking.tell("dialog-closed", { dialog }),
  );
  return { dialog };
}

/* Our content script in this tab's own Gmail page, and nobody else. */
function isContent(message, sender) {
  return sender.id === chrome.runtime.id && sender.tab?.id === tabId && sender.frameId === 0 &&
    sender.origin === "https://mail.google.com" && message?.to === "frame" && message.nonce === nonce;
}

/* What is told of the open item, within bounds. What cannot be told is not read, and never the item before it instead. */
function bounded(told) {
  const fits = (one) => JSON.stringify(one).length <= MAX_ITEM;
  if (told === null || (typeof told === "object" && fits(told))) {
    return told;
  }
  const hint = Object.fromEntries(LEAST.filter((name) => typeof told.hint?.[name] === "string").map((name) => [name, told.hint[name]]));
  const least = { kind: told.kind, mailbox: told.mailbox, hint };
  return hint.item_key && fits(least) ? least : { kind: "unsupported" };
}

const HEARD = {
  item(message) {
    const whose = typeof message.account === "string" ? message.account : "";
    item = bounded(message.item ?? null);
    strange.hidden = message.fits !== false;
    if (whose !== account || !isLoaded) {
      // Another person's mailbox: the pane begins anew, with nothing of the one before in its memory.
      account = whose;
      if (server) {
        load();
      }
      return;
    }
    bridge?.tell("item");
  },

  theme(message) {
    if (THEMES.includes(message.theme)) {
      theme = message.theme;
      document.documentElement.dataset.theme = theme;
      bridge?.tell("theme", { theme });
    }
  },

  focus(message) {
    if (pane.hidden) {
      notice.querySelector("button").focus();
    } else {
      pane.focus();
      bridge?.tell("focus", { to: message.end === "last" ? "last" : "first" });
    }
  },
};

chrome.runtime.onMessage.addListener((message, sender) => {
  if (isContent(message, sender) && Object.hasOwn(HEARD, message.kind)) {
    HEARD[message.kind](message);
  }
});

addEventListener("keydown", (event) => {
  if (event.key === "F6" && pane.hidden) {
    event.preventDefault();
    tellContent("leave", { direction: event.shiftKey ? "previous" : "next" });
  }
});
pane.addEventListener("load", () => server && !pane.hidden && meet());

async function begin() {
  ({ server } = await worker("settings"));
  if (server) {
    if (isLoaded || account) {
      load(); // another address than before, or a page that has said whose it is already
    } else {
      setTimeout(() => isLoaded || load(), TOLD_WITHIN_MS); // also where Gmail's page says nothing
    }
  } else {
    show("set_up", "no_server", "open_options", () => worker("options"));
  }
}

async function start() {
  const above = location.ancestorOrigins;
  if (above.length !== 1 || above[0] !== "https://mail.google.com" || !/^[0-9a-f]{48}$/.test(nonce)) {
    return; // not where we put it
  }
  strange.textContent = word("strange");
  tabId = (await chrome.tabs.getCurrent())?.id;
  chrome.storage.onChanged.addListener((changes) => "server" in changes && begin());
  await begin();
  tellContent("ready");
}

start();

/* Gmail's page: the bar with the account, the folders, and whatever the fragment of the address names.

     #inbox  #sent  #drafts  #all  #starred  #spam  #trash  #label/Name  #search/words      a list
     #inbox/TOKEN …                                                                        a conversation in it
     ?compose=new at the fragment's end                                                    a window for writing besides

   Lists and conversations that were left stay in the document, hidden: what is shown has to be found among them. */

import { el, language, markup, theme } from "./dom.js";
import { compose } from "./compose.js";
import { hexOf, isHex, permIdOf, tokenOf } from "./ids.js";
import { makeList } from "./list.js";
import { order, read } from "./server.js";
import { makeThread } from "./thread.js";
import { word } from "./words.js";

const FOLDERS = ["inbox", "starred", "sent", "drafts", "all", "spam", "trash"];
const LISTS_AGAIN_MS = 5_000;
const KEPT = 3;

const { email, name, company, accountsUrl, back } = document.body.dataset;
const lists = new Map();
const known = new Map();
let shown = null;
let opening = 0;
let windows = 0;

document.documentElement.lang = language;
document.documentElement.dir = language === "ar" ? "rtl" : "ltr";
if (theme) {
  document.documentElement.dataset.theme = theme;
}

/* The frame. */

const label = `${word("account")}: ${name}  \n(${email})`;
const others = document.getElementById("other-accounts").content.cloneNode(true);
const menu = el("div", { class: "sb-menu", hidden: true }, el("p", { class: "sb-menu-who" }, el("strong", { text: name }), el("span", { text: email })), others,
  el("a", { href: `${accountsUrl}/AddSession?service=mail&continue=${back}`, text: word("add") }),
  el("a", { href: `${accountsUrl}/Logout?service=mail&continue=${back}`, text: word("signOut") }));
const account = markup === "anonymous" ? null : el("a", {
  class: "gb_B gb_Za gb_0 sb-account",
  "aria-label": label,
  title: label,
  href: `${accountsUrl}/SignOutOptions?continue=${back}`,
  role: "button",
  tabindex: "0",
  "aria-expanded": "false",
  text: name.slice(0, 1),
  on: {
    click: (event) => {
      event.preventDefault();
      menu.hidden = !menu.hidden;
      event.currentTarget.setAttribute("aria-expanded", String(!menu.hidden));
    },
  },
});
const search = el("form", { class: "gb_be aJh sb-search", role: "search", method: "get", on: {
  submit: (event) => {
    event.preventDefault();
    const words = event.currentTarget.querySelector("input").value.trim();
    window.location.hash = words ? `search/${encodeURIComponent(words).replace(/%20/g, "+")}` : "inbox";
  },
} }, el("input", { class: "gb_ke aJh sb-input", "aria-label": word("search"), placeholder: word("search"), name: "q", type: "text", autocomplete: "off" }));
const settings = el("select", { class: "sb-settings", "aria-label": word("settings"), on: { change: (event) => chosen(event.currentTarget.value) } },
  ...[["", "⚙"], ["theme=", "light"], ["theme=dark", "dark"], ["hl=en", "English"], ["hl=de", "Deutsch"], ["hl=ar", "العربية"], ["markup=", "markup: usual"], ["markup=changed", "markup: changed"], ["markup=anonymous", "markup: no account"]]
    .map(([value, text]) => el("option", { value, text })));

function chosen(text) {
  const [key, value] = text.split("=");
  const address = new URL(window.location.href);
  if (value) {
    address.searchParams.set(key, value);
  } else {
    address.searchParams.delete(key);
  }
  window.location.assign(address);
}

const folders = el("div", { class: "TK sb-folders" });
const ownLabels = el("div", { class: "TK sb-folders" });
const column = el("div", { class: "AO sb-column" });
const toast = el("div", { class: "vh sb-toast", role: "alert", "aria-live": "assertive" });
const letters = el("div", { class: "dw sb-letters" });
document.body.append(
  el(
    "div",
    { class: "nH sb-page" },
    el("p", { class: "sb-banner", dir: "ltr", text: "Sandbox: this stands in for Gmail. Nothing here leaves this machine." }),
    el("header", { class: "gb_Fa gb_Jd sb-bar", id: "gb", role: "banner" }, el("span", { class: "sb-logo", text: word("mail") }), search, settings, account),
    menu,
    el(
      "div",
      { class: "nH bkL sb-cols" },
      el(
        "div",
        { class: "nH oy8Mbf nn aeN sb-nav", role: "navigation", "aria-label": word("main") },
        el("div", { class: "T-I T-I-KE L3 sb-button sb-main", role: "button", tabindex: "0", gh: "cm", text: word("compose"), on: { click: () => write(), keydown: (event) => event.key === "Enter" && write() } }),
        folders,
        el("h2", { class: "sb-small", text: word("labels") }),
        ownLabels,
      ),
      el("div", { class: "nH bkK nn sb-centre" }, el("div", { class: "nH ar4 z" }, column)),
      el("div", { class: "nH bAw nn sb-side", role: "complementary", "aria-label": "Side panel" }),
    ),
    toast,
  ),
  letters,
);

function paintFolders(unread, labels) {
  const { view, argument } = place();
  const entry = (fragment, text, isHere, count) =>
    el("div", { class: "aim sb-folder" }, el("div", { class: "TO", "data-tooltip": text }, el("a", {
      class: "J-Ke n0",
      href: `#${fragment}`,
      target: "_top",
      "aria-label": count ? `${text} ${count}` : text,
      "aria-current": isHere ? "page" : null,
      text,
      dir: "auto",
    }), count ? el("div", { class: "bsU sb-count", text: String(count) }) : null));
  folders.replaceChildren(...FOLDERS.map((one) => entry(one, word(one), one === view, one === "inbox" ? unread : 0)));
  ownLabels.replaceChildren(...labels.map((one) => entry(`label/${encodeURIComponent(one)}`, one, view === "label" && argument === one)));
  const here = view === "label" || view === "search" ? argument : word(view);
  const title = shown?.told ? shown.told.subject || word("noSubject") : `${here}${view === "inbox" && unread ? ` (${unread})` : ""}`;
  // A page that cannot say whose it is does not say it in its title either.
  document.title = markup === "anonymous" ? title : `${title} - ${email} - ${company} ${word("mail")}`;
}

let count = [0, []];
function counted(told) {
  count = [told.unread, told.labels];
  paintFolders(...count);
}

function say(text) {
  toast.textContent = text;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => {
    toast.textContent = "";
  }, 6_000);
}

/* Where we are. */

function place() {
  const [path] = window.location.hash.slice(1).split("?");
  const parts = path.split("/").map((part) => decodeURIComponent(part.replace(/\+/g, " ")));
  const hasArgument = ["label", "search"].includes(parts[0]);
  const view = FOLDERS.includes(parts[0]) || hasArgument ? parts[0] : "inbox";
  return { view, argument: hasArgument ? parts[1] || "" : "", token: parts[hasArgument ? 2 : 1] || "" };
}

function fragment({ view, argument }, token = "") {
  return [view, ...(argument ? [encodeURIComponent(argument)] : []), ...(token ? [token] : [])].join("/");
}

function bring(part) {
  for (const other of column.children) {
    const isIt = other === part.root;
    other.hidden = !isIt;
    // Hidden views keep their markup; only the role of the one that is seen tells which it is.
    if (markup !== "changed") {
      other.setAttribute("role", "main");
    }
  }
  shown = part;
  for (const old of [...column.children].filter((one) => one.hidden).slice(0, -KEPT)) {
    old.remove();
    for (const [key, list] of lists) {
      if (list.root === old) {
        lists.delete(key);
      }
    }
  }
  paintFolders(...count);
}

async function follow() {
  opening += 1;
  const mine = opening;
  const where = place();
  if (new URLSearchParams(window.location.hash.split("?")[1] || "").get("compose") === "new") {
    write();
    window.history.replaceState(null, "", `#${fragment(where, where.token)}`);
  }
  if (!where.token) {
    const key = fragment(where);
    let list = lists.get(key);
    if (!list) {
      const made = makeList({ ...where, open: (token, id, permId) => (known.set(permId, id), (window.location.hash = fragment(place(), token))), failed: (error) => say(error.message), counted });
      list = { root: el("div", { class: "nH sb-view", role: "main" }, made.root), load: made.load, told: null };
      lists.set(key, list);
      column.append(list.root);
    }
    bring(list);
    await list.load();
    return;
  }
  const permId = permIdOf(where.token);
  const id = isHex(where.token) ? where.token : known.get(permId) || hexOf(permId);
  try {
    const told = await read("thread", { id });
    if (mine !== opening) {
      return;
    }
    open(told, where);
  } catch (error) {
    if (mine === opening) {
      say(error.message);
      window.location.hash = fragment(where).split("?")[0];
    }
  }
}

function open(told, where) {
  known.set(told.permId, told.id);
  if (isHex(where.token)) {
    window.history.replaceState(null, "", `#${fragment(where, tokenOf(told.permId))}`);
  }
  const part = { told };
  part.root = el("div", { class: "nH sb-view", role: "main" }, makeThread(told, { answer, act }));
  column.append(part.root);
  bring(part);
  part.root.querySelector("h2").focus({ preventScroll: true });
  if (told.messages.some((message) => message.unread)) {
    order("act", { id: told.id, kind: "read" }).catch((error) => say(error.message));
  }
}

async function act(kind, told, on) {
  if (kind === "edit") {
    write({ to: told.to, cc: told.cc, bcc: told.bcc, subject: told.subject, text: told.snippet, draft: told });
    return;
  }
  try {
    if (kind !== "back") {
      await order("act", { id: told.id, kind, on });
    }
    window.location.hash = fragment(place());
  } catch (error) {
    say(error.message);
  }
}

/* Writing. */

function write(letter = {}) {
  windows += 1;
  compose(letters, {
    ...letter,
    done: (how) => {
      if (how === "sent") {
        say(word("undoneSend"));
      }
      refresh();
    },
    failed: (error) => say(error.message),
  });
}

function answer(message, all) {
  const isOwn = ({ email: address }) => address === email;
  const to = isOwn(message.from) ? message.to : [message.from, ...(all ? message.to.filter((one) => !isOwn(one) && one.email !== message.from.email) : [])];
  write({
    to,
    cc: all ? message.cc.filter((one) => !isOwn(one)) : [],
    subject: /^re:/i.test(message.subject) ? message.subject : `Re: ${message.subject}`,
    answers: message.id,
  });
}

/* What has changed meanwhile: lists are made anew, an open conversation too when it has grown. */
async function refresh() {
  const part = shown;
  if (!part || document.hidden) {
    return;
  }
  if (!part.told) {
    await part.load();
    return;
  }
  const told = await read("thread", { id: part.told.id }).catch(() => null);
  if (told && part === shown && told.messages.length !== part.told.messages.length) {
    open(told, place());
    part.root.remove();
  }
}

setInterval(refresh, LISTS_AGAIN_MS);
window.addEventListener("hashchange", follow);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !menu.hidden) {
    menu.hidden = true;
    account?.focus();
  }
});
if (!window.location.hash) {
  window.history.replaceState(null, "", "#inbox");
}
follow();

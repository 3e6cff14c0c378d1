/* The synchronisation page in a browser's tab. Its session begins with a ticket that the pane put into the address's
   fragment, which leaves neither the browser nor a trace in its history; it is kept in this page's memory alone.

     #ticket ─► POST sessions ─► session ─► the page … its end ─► "open it from the pane again" */

import { keepLanguage } from "../pane/locale.js";
import { keepMoments } from "../pane/moments.js";
import { SignInFailed, makeSession } from "../pane/session.js";
import { makeSync } from "./view.js";

const { body } = document;
const root = document.getElementById("sync");
const locale = document.documentElement.lang || undefined;
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
const ticket = globalThis.location.hash.slice(1);
globalThis.history.replaceState(null, "", globalThis.location.pathname);

keepLanguage({ locale: () => document.documentElement.lang });
let spent = false;
const session = makeSession({
  url: body.dataset.sessionsUrl,
  proof: async () => {
    if (spent || !ticket) {
      throw new Error("");
    }
    spent = true;
    return { ticket };
  },
});

const paintMoments = keepMoments(locale);
const sync = makeSync({
  root,
  url: root.dataset.url,
  connectUrl: root.dataset.connectUrl,
  session,
  dialog,
  signInAgain: () => show("in-outlook"),
  signedOut: () => show("page-expired"),
  noAnswer: () => show(navigator.onLine ? "server-down" : "offline"),
  painted: paintMoments,
});

function show(name) {
  root.querySelector("[data-sync-body]").replaceChildren(document.getElementById(`state-${name}`).content.cloneNode(true));
}

/* Another tab goes through the dialog; what it says at its end comes over a channel of our own origin, and is good only
   with the session of whoever began it. */
function dialog(url, last) {
  return new Promise((resolve) => {
    const channel = new BroadcastChannel("alongside.connect");
    const opened = globalThis.open(url, "alongside-connect", "popup,width=520,height=720");
    const watch = setInterval(() => opened?.closed && finish(null), 1000);
    function finish(text) {
      clearInterval(watch);
      channel.close();
      opened?.close();
      resolve(text);
    }
    channel.addEventListener("message", ({ data }) => last(data) && finish(data));
    if (!opened) {
      finish(null);
    }
  });
}

document.addEventListener("htmx:confirm", (event) => {
  if (sync.waits(event.target)) {
    event.preventDefault();
  } else if (!session.held()) {
    event.preventDefault();
    session.get().then(
      () => event.detail.issueRequest(true),
      (error) => show(error instanceof SignInFailed ? "page-expired" : "server-down"),
    );
  }
});
document.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers.Authorization = `Bearer ${session.held()}`;
  event.detail.headers["X-Time-Zone"] = zone;
  sync.configure(event);
});
document.addEventListener("htmx:beforeSwap", (event) => sync.beforeSwap(event));
document.addEventListener("htmx:afterSettle", (event) => sync.afterSettle(event));
document.addEventListener("htmx:sendError", (event) => sync.failed(event));
document.addEventListener("htmx:timeout", (event) => sync.failed(event));
document.addEventListener("keydown", (event) => sync.key(event));
document.addEventListener("click", (event) => {
  const action = event.target.closest("[data-action]");
  if (action) {
    sync.act(action);
  }
});

sync.load();

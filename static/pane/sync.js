/* The synchronisation page as a view of the pane (views.js). The person may open it in a browser's tab instead, which
   gets a session of its own by a ticket in the address's fragment. */

import { makeSync } from "../sync/view.js";
import { post } from "./connecting.js";
import { SignInFailed } from "./session.js";
import { showState } from "./views.js";

const { htmx } = globalThis;
const { body } = document;
const root = document.getElementById("sync");
const opener = document.getElementById("open-sync");
const place = root.querySelector("[data-sync-body]");

export function paneSync({ views, host, session, paintMoments }) {
  let renewed = false;

  const show = (name, words) => showState(place, name, words);

  function noSession(error) {
    show(error instanceof SignInFailed ? "sign-in-failed" : navigator.onLine ? "server-down" : "offline", error.message);
  }

  const sync = makeSync({
    root,
    url: root.dataset.url,
    connectUrl: body.dataset.connectUrl,
    session,
    dialog: (url, last) => host.dialog(url, last),
    signInAgain(then) {
      session.forget();
      session.get().then(then, noSession);
    },
    /* Once without a word, until something is answered again; what was sent is sent by the person. */
    signedOut({ elt, verb, path, target }) {
      if (renewed) {
        show("expired");
        return;
      }
      renewed = true;
      setTimeout(() => (verb === "get" ? htmx.ajax("GET", path, { source: elt, target, swap: "innerHTML" }) : sync.reload()));
    },
    noAnswer: (status) => show(status === 403 ? "forbidden" : status ? "error" : navigator.onLine ? "server-down" : "offline"),
    painted() {
      renewed = false;
      paintMoments();
    },
  });

  views.add({
    name: "sync",
    root,
    opener,
    requests: { ...sync, noSession },
    shown({ part } = {}) {
      place.replaceChildren(document.getElementById("sync-skeleton").content.cloneNode(true));
      root.querySelector(".sync__title").focus({ preventScroll: true });
      sync.load(part);
    },
    hidden() {
      place.replaceChildren();
    },
  });

  /* The tab is opened by the press itself, so that nothing holds it back, and gets its address once there is a ticket
     for that page. */
  async function openTab(address, page) {
    const tab = globalThis.open("about:blank", "_blank");
    try {
      const { ticket } = await post(body.dataset.ticketUrl, await session.get(), { page });
      if (tab) {
        tab.opener = null;
        const place = new URL(address, globalThis.location.href);
        place.searchParams.set("lang", document.documentElement.lang);
        tab.location.replace(`${place.href}#${ticket}`);
      }
    } catch (error) {
      tab?.close();
      noSession(error);
    }
  }

  opener.addEventListener("click", () => views.open("sync"));
  /* Arranging the pane is a part of that page. */
  document.getElementById("open-customise").addEventListener("click", () => views.open("sync", { part: "pane" }));
  document.getElementById("close-sync").addEventListener("click", () => views.close());
  document.getElementById("sync-in-tab").addEventListener("click", ({ currentTarget }) => openTab(currentTarget.dataset.url, "page"));
  root.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-open-tab]");
    if (button) {
      openTab(button.dataset.openTab, button.dataset.page);
    }
  });
}

/* The synchronisation page, in the pane and in a tab: its parts are asked for with the session, each in its own place.

     open ─► GET overview ─► head, navigation, status ─► a part by the navigation ─► steps, each answered with its part
                                                             └─► connecting ─► the status anew

   Requests of this page carry X-Part, and its answers are never taken for those of an open email. */

import { connectSystem, showProblem } from "../pane/connecting.js";

const { htmx } = globalThis;

/* `root` is where the page stands. `session` as in session.js; `connectUrl` ends with the system's name to come.
   `dialog(url, last)` as a host's; `signedOut()`, `noAnswer()` say what the client finds out itself. */
export function makeSync({ root, url, connectUrl, session, dialog, signInAgain, signedOut, noAnswer, painted }) {
  let opened = "";

  /* The page at one of its parts, or how the mailbox stands. */
  function load(at) {
    entitle(at);
    htmx.ajax("GET", at ? `${url}?part=${at}` : url, { source: root, target: root.querySelector("[data-sync-body]"), swap: "innerHTML" });
  }

  function part() {
    return root.querySelector("#sync-part");
  }

  /* The part that is shown, anew: after a problem, or after something was connected. */
  function reload() {
    const tab = root.querySelector('.tab[aria-current="page"]');
    if (tab) {
      htmx.trigger(tab, "click");
    } else {
      load();
    }
  }

  /* A part may have a heading of its own. */
  function entitle(name) {
    const title = root.querySelector(".sync__title");
    title.textContent = title.getAttribute(`data-title-${name}`) || title.dataset.title;
  }

  function mark(name) {
    entitle(name);
    for (const tab of root.querySelectorAll(".tab")) {
      if (tab.dataset.part === name) {
        tab.setAttribute("aria-current", "page");
        tab.scrollIntoView({ block: "nearest", inline: "nearest" });
      } else {
        tab.removeAttribute("aria-current");
      }
    }
  }

  async function connect(button) {
    const { system } = button.dataset;
    if (system === "microsoft") {
      signInAgain(reload);
      return;
    }
    const place = button.closest("li, .state, .box");
    button.disabled = true;
    showProblem(place, "");
    try {
      const { connected, sentence } = await connectSystem(system, { session, dialog, url: connectUrl });
      if (connected) {
        reload();
      } else {
        showProblem(place, sentence);
      }
    } catch {
      showProblem(place, root.dataset.failed);
    } finally {
      button.disabled = false;
      if (button.isConnected && document.activeElement === document.body) {
        button.focus({ preventScroll: true });
      }
    }
  }

  return {
    load,
    reload,

    owns(elt) {
      return root.contains(elt);
    },

    /* htmx:confirm: what looks by itself waits while nobody sees it. */
    waits(elt) {
      return elt.matches("[data-poll-quietly]") && (document.hidden || root.hidden || root.contains(document.activeElement?.closest(".standing")));
    },

    configure({ detail }) {
      const { headers, elt } = detail;
      headers["X-Part"] = elt.matches("[data-poll-quietly]") ? "quiet" : "page";
      if (elt.dataset.part) {
        mark(elt.dataset.part);
      }
      opened = detail.target?.id || "";
      if (elt.matches("button, form") && !elt.matches(".tab")) {
        const button = elt.matches("form") ? elt.querySelector("[type=submit]") : elt;
        button?.setAttribute("aria-busy", "true");
      }
    },

    beforeSwap(event) {
      const { xhr, requestConfig } = event.detail;
      const quiet = requestConfig.headers["X-Part"] === "quiet";
      for (const busy of root.querySelectorAll("[aria-busy=true]")) {
        busy.removeAttribute("aria-busy");
      }
      if (xhr.status === 401) {
        event.detail.shouldSwap = false;
        session.forget(requestConfig.headers.Authorization.slice("Bearer ".length));
        signedOut(requestConfig);
        return;
      }
      if (quiet && xhr.status !== 200) {
        event.detail.shouldSwap = false;
        return;
      }
      if (xhr.status >= 400 && !/^text\/html/.test(xhr.getResponseHeader("Content-Type") || "")) {
        event.detail.shouldSwap = false;
        noAnswer(xhr.status);
      }
    },

    afterSettle({ detail }) {
      painted(root);
      const quiet = detail.requestConfig?.headers["X-Part"] === "quiet";
      if (quiet) {
        return;
      }
      const wrong = root.querySelector("[aria-invalid=true]");
      const kept = root.querySelector("[data-focus]");
      if (kept) {
        // What was moved goes on being moved: the same button, or where that is at its end, the one beside it.
        (kept.disabled ? kept.parentElement.querySelector("button:not(:disabled)") : kept)?.focus();
      } else if (wrong) {
        wrong.focus();
      } else if (document.activeElement === document.body || document.activeElement === null) {
        // What was pressed is gone: its place takes the focus, or the part.
        const place = opened && opened !== "sync-part" ? document.getElementById(opened)?.querySelector("input:not(:disabled), button") : part();
        (place || part())?.focus({ preventScroll: opened !== "sync-part" });
      }
    },

    failed({ detail }) {
      if (detail.requestConfig?.headers["X-Part"] !== "quiet") {
        noAnswer(0);
      }
    },

    act(button) {
      if (button.dataset.action === "connect") {
        connect(button);
      } else {
        reload();
      }
    },

    /* `/` goes to the search where there is one. */
    key(event) {
      const search = root.querySelector("[data-search]");
      if (event.key === "/" && search && !event.target.matches("input, textarea, select")) {
        event.preventDefault();
        search.focus();
        return true;
      }
      return false;
    },
  };
}

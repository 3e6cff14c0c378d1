/* Views that stand in the place of the email within the pane: the synchronisation page, records, customising.

     email ── open ─► a view ── Back, Escape ─► email, the focus where it was
                        └── another opens ─► that one, once the first lets go

   One is shown at a time, and the email behind it stays as it is. What main.js hears of htmx it hands to the view that
   asked. A view is an object:

     name       the value of data-view on the body while it is shown
     root       its section in the shell
     opener     the button that opened it, for the focus
     shown(how) it is to be shown; `how` is what `open` was given
     hidden()   it was closed
     back()     true if it went back a step within itself
     mayLeave() resolves with false where the person wants to stay
     itemChanged() another email was opened meanwhile
     requests   what becomes of its requests: waits, configure, beforeSwap, afterSettle, failed, act, noSession, key;
                `viewRequests` gives them */

const { htmx } = globalThis;
const { body } = document;

export function makeViews() {
  const views = new Map();
  const asked = new WeakMap();
  let current = null;
  let returnTo = null;

  const ownerOf = (elt) => [...views.values()].find((view) => view.root.contains(elt)) || null;
  const asker = ({ detail }) => (detail.requestConfig ? asked.get(detail.requestConfig) : asked.get(detail)) || null;

  function hide() {
    current.root.hidden = true;
    current.hidden?.();
    current = null;
    delete body.dataset.view;
  }

  async function open(name, how = {}) {
    const view = views.get(name);
    if (current && current !== view) {
      if ((await current.mayLeave?.()) === false) {
        return;
      }
      hide();
    }
    if (!current) {
      returnTo = document.activeElement;
      current = view;
      view.root.hidden = false;
      body.dataset.view = name;
      globalThis.scrollTo(0, 0);
    }
    view.shown?.(how);
  }

  /* Resolves with whether it was closed. */
  async function close() {
    if (!current || (await current.mayLeave?.()) === false) {
      return !current;
    }
    const { opener } = current;
    hide();
    const place = returnTo?.isConnected && returnTo !== body ? returnTo : opener;
    place?.focus({ preventScroll: true });
    return true;
  }

  document.addEventListener("keydown", (event) => {
    if (!current || event.defaultPrevented || document.querySelector("[data-asking]") || current.requests.key?.(event)) {
      return;
    }
    if (event.key === "Escape" && !event.target.closest?.("details[open]")) {
      // Else the same press would close the question that it leads to.
      event.preventDefault();
      if (!current.back?.()) {
        close();
      }
    }
  });

  return {
    add(view) {
      views.set(view.name, view);
      return view;
    },
    open,
    close,
    current: () => current?.name || "",
    itemChanged: () => current?.itemChanged?.(),

    owns: (elt) => Boolean(ownerOf(elt)),
    /* Whether a request, by its event, is a view's and none of the email's. */
    asked: (event) => Boolean(asker(event)),
    waits: (elt) => Boolean(ownerOf(elt)?.requests.waits?.(elt)),
    configure(event) {
      const view = ownerOf(event.detail.elt);
      asked.set(event.detail, view);
      event.detail.headers["X-Part"] = "page";
      view.requests.configure?.(event);
    },
    beforeSwap: (event) => asker(event).requests.beforeSwap(event),
    afterSettle: (event) => asker(event).requests.afterSettle(event),
    failed: (event) => asker(event).requests.failed(event),
    act: (button) => ownerOf(button).requests.act?.(button),
    noSession: (elt, error) => ownerOf(elt)?.requests.noSession?.(error),
  };
}

/* A state of the shell's templates in a place of a view. */
export function showState(place, name, words = "") {
  const state = document.getElementById(`state-${name}`).content.cloneNode(true);
  const said = state.querySelector("[data-words]");
  if (said) {
    said.textContent = words;
  }
  place.replaceChildren(state);
}

/* What becomes of a view's requests. `place()` is where a state stands that the client finds out itself; `again()` asks
   anew; `connect(button)` connects a system; `painted(target, event)` is told of each answer. A 401 is answered once by a new session
   without a word; what was sent by a form is sent by the person. */
export function viewRequests({ root, session, place, again, connect, painted, failedState }) {
  let renewed = false;
  const show = (name, words) => (failedState || showState)(place(), name, words);

  function settleBusy() {
    for (const busy of root.querySelectorAll("[aria-busy=true]")) {
      busy.removeAttribute("aria-busy");
    }
  }

  return {
    configure({ detail }) {
      const button = detail.elt.matches("form") ? detail.triggeringEvent?.submitter || detail.elt.querySelector("[type=submit]") : detail.elt;
      if (detail.verb !== "get") {
        button?.setAttribute("aria-busy", "true");
      }
    },

    beforeSwap(event) {
      const { xhr, requestConfig } = event.detail;
      settleBusy();
      if (xhr.status === 401) {
        event.detail.shouldSwap = false;
        session.forget(requestConfig.headers.Authorization.slice("Bearer ".length));
        if (renewed) {
          show("expired");
          return;
        }
        renewed = true;
        const { elt, verb, path, target } = requestConfig;
        setTimeout(() => {
          if (verb === "get") {
            htmx.ajax("GET", path, { source: elt, target, swap: "innerHTML" });
          } else if (elt.matches("form")) {
            elt.requestSubmit();
          } else {
            again();
          }
        });
        return;
      }
      if (xhr.status >= 400 && !/^text\/html/.test(xhr.getResponseHeader("Content-Type") || "")) {
        event.detail.shouldSwap = false;
        show(xhr.status === 403 ? "forbidden" : "error");
      }
    },

    afterSettle(event) {
      renewed = false;
      painted(event.detail.target, event);
    },

    failed() {
      settleBusy();
      show(navigator.onLine ? "server-down" : "offline");
    },

    noSession(error) {
      show(error?.name === "SignInFailed" ? "sign-in-failed" : navigator.onLine ? "server-down" : "offline", error?.message);
    },

    act(button) {
      if (button.dataset.action === "connect") {
        connect(button);
        return;
      }
      if (button.dataset.action === "sign-in") {
        session.forget();
      }
      again();
    },
  };
}

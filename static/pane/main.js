/* The pane's client: follows the open email, asks the server, and paints only what belongs to it.

     item changed ─► generation + 1 ─► skeleton ─► POST context ─► painted, if the generation is still the same
                                                       └─► 401: signs in again once, silently, then says so
   Every request carries the bearer session, the item's key and the generation; an answer that names others is dropped. */

import { busyLabel, follow, forgetLabels, listen, prepare, settle } from "./choices.js";
import { outlook } from "./hosts/outlook.js";
import { localise } from "./locale.js";
import { SignInFailed, makeSession } from "./session.js";
import { settled, showSkeleton, showState } from "./states.js";

const { htmx } = globalThis;
const { body } = document;
const host = outlook;
const session = makeSession({ host, url: body.dataset.sessionsUrl });
const email = document.getElementById("email");
const foot = document.getElementById("foot");

let generation = 0;
let current = { key: "", hint: "" };
let retryTimer = 0;
let renewed = false;

function newGeneration() {
  generation += 1;
  clearInterval(retryTimer);
  forgetLabels();
  delete body.dataset.waiting;
  return generation;
}

/* Looks at what is open now. `again` is a retry for the same email: the person's own wish, or a timer's. */
async function look() {
  const mine = newGeneration();
  current = { key: "", hint: "" };
  showSkeleton();
  let item;
  try {
    item = await host.current();
  } catch {
    item = { kind: "none" };
  }
  if (mine !== generation) {
    return;
  }
  if (item.kind !== "message") {
    showState(item.kind === "none" ? "no-item" : item.kind);
    return;
  }
  current = { key: item.hint.item_key, hint: JSON.stringify(item.hint) };
  if (!navigator.onLine) {
    showState("offline");
    return;
  }
  // Asked by the skeleton, a new one for each look: what an older one still waits for holds nothing up, and is dropped.
  htmx.ajax("POST", body.dataset.contextUrl, {
    source: email.firstElementChild,
    target: email,
    swap: "innerHTML",
    values: { hint: current.hint, generation: String(generation) },
  });
}

/* Before a request leaves: there has to be a session. */
document.addEventListener("htmx:confirm", (event) => {
  if (event.target.id === "filing" && !mayFile()) {
    event.preventDefault();
    return;
  }
  if (session.held()) {
    return;
  }
  event.preventDefault();
  const mine = generation;
  session
    .get()
    .then(() => {
      if (mine === generation) {
        event.detail.issueRequest(true);
      }
    })
    .catch((error) => {
      if (mine === generation) {
        signInState(error);
      }
    });
});

document.addEventListener("htmx:configRequest", ({ detail }) => {
  detail.headers.Authorization = `Bearer ${session.held()}`;
  detail.headers["X-Item-Key"] = current.key;
  detail.headers["X-Generation"] = String(generation);
  if (detail.elt.id === "filing") {
    detail.formData.set("hint", current.hint);
    detail.formData.set("generation", String(generation));
    for (const name of [...detail.formData.keys()].filter((key) => key.startsWith("instead:"))) {
      detail.formData.delete(name);
    }
  }
});

document.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (detail.elt.id === "filing" || detail.elt.matches("[data-undo]")) {
    body.dataset.waiting = "filing";
    const button = foot.querySelector("[data-file], [data-file-again], [data-undo]");
    button?.setAttribute("aria-busy", "true");
    const label = button?.querySelector("[data-file-label]");
    if (label && busyLabel()) {
      label.textContent = busyLabel();
    }
  }
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, requestConfig } = event.detail;
  const mine = requestConfig.headers["X-Generation"];
  if (mine !== String(generation) || requestConfig.headers["X-Item-Key"] !== current.key) {
    event.detail.shouldSwap = false;
    return;
  }
  if (xhr.status === 401) {
    event.detail.shouldSwap = false;
    signedOut(requestConfig);
    return;
  }
  const told = xhr.getResponseHeader("X-Generation");
  if (told === null) {
    event.detail.shouldSwap = false;
    showState(xhr.status === 403 ? "forbidden" : "error");
    return;
  }
  if (told !== mine || xhr.getResponseHeader("X-Item-Key") !== current.key) {
    event.detail.shouldSwap = false;
  }
});

/* The same sentence again is not put anew: a screen reader would say it with each look at how a filing goes, and such a
   look does not know the records' names. Another email never gets this far: its skeleton stands between. */
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const { target, fragment } = event.detail;
  if (target.id === "status" && spoken(target) === spoken(fragment)) {
    event.detail.shouldSwap = false;
  }
});

function spoken(part) {
  const { kind, tone } = part.querySelector("[data-tone]")?.dataset || {};
  return `${kind} ${tone} ${part.querySelector(".status__sentence")?.textContent}`;
}

document.addEventListener("htmx:afterSwap", ({ detail }) => {
  delete body.dataset.waiting;
  renewed = false;
  if (detail.target === email) {
    settled();
    prepare(current.key);
    localise(email, host.locale);
  }
});

/* After everything of an answer stands, out-of-band parts included. */
document.addEventListener("htmx:afterSettle", ({ detail }) => {
  if (detail.target === foot) {
    settle();
    keepFocus();
  } else if (detail.target === email) {
    follow();
  }
  waitAndRetry(document.querySelector("[data-retry-after]"));
});

for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, ({ detail }) => {
    if (detail.requestConfig?.headers["X-Generation"] === String(generation)) {
      delete body.dataset.waiting;
      showState(navigator.onLine ? "server-down" : "offline");
    }
  });
}

/* The server does not know our session: a new one is fetched once without a word, until something is answered again. */
function signedOut({ headers, elt, verb, path }) {
  session.forget(headers.Authorization.slice("Bearer ".length));
  delete body.dataset.waiting;
  if (renewed) {
    showState("expired");
    return;
  }
  renewed = true;
  // Not from inside the event of the request that is still ending.
  setTimeout(() => {
    if (path === body.dataset.contextUrl) {
      look();
    } else if (elt.id === "filing") {
      elt.requestSubmit();
    } else {
      htmx.ajax(verb.toUpperCase(), path, { source: elt, target: foot, swap: "innerHTML" });
    }
  });
}

function signInState(error) {
  if (error instanceof SignInFailed) {
    showState("sign-in-failed", error.message);
  } else {
    showState(navigator.onLine ? "server-down" : "offline");
  }
}

function mayFile() {
  const button = foot.querySelector("[data-file]");
  return !body.dataset.waiting && button?.getAttribute("aria-disabled") !== "true";
}

/* Throttled: says when it tries again, and does. */
function waitAndRetry(waiting) {
  clearInterval(retryTimer);
  if (!waiting) {
    return;
  }
  const until = Date.now() + Number(waiting.dataset.retryAfter) * 1000;
  const mine = generation;
  const inFoot = foot.contains(waiting);
  retryTimer = setInterval(() => {
    const left = Math.ceil((until - Date.now()) / 1000);
    for (const count of waiting.querySelectorAll("[data-countdown]")) {
      count.textContent = String(Math.max(0, left));
    }
    if (left > 0) {
      return;
    }
    clearInterval(retryTimer);
    if (mine === generation) {
      if (inFoot) {
        document.getElementById("filing")?.requestSubmit();
      } else {
        look();
      }
    }
  }, 250);
}

/* The foot changed under the person's hands: its next step takes the focus that its last step had. */
function keepFocus() {
  if (document.activeElement === body || document.activeElement === null) {
    foot.querySelector("button, a")?.focus({ preventScroll: true });
  }
}

/* The mailbox is connected by signing in; Salesforce in a dialog that hands back a code, good only with our session. */
async function connect(button) {
  if (button.dataset.system === "microsoft") {
    session.forget();
    look();
    return;
  }
  button.disabled = true;
  showProblem(button, "");
  try {
    const token = await session.get();
    const begun = await post(body.dataset.connectUrl, token, {});
    const address = new URL(begun.dialog_url, globalThis.location.href).href;
    const said = outcomeOf(await host.dialog(address, (text) => outcomeOf(text) !== null));
    if (said?.code) {
      await post(body.dataset.connectFinishUrl, token, { code: said.code });
      look();
    } else if (said) {
      showProblem(button, said.sentence);
    }
  } catch (error) {
    if (error instanceof SignInFailed || error instanceof TypeError) {
      signInState(error);
    } else {
      showState("error");
    }
  } finally {
    button.disabled = false;
    if (button.isConnected && document.activeElement === body) {
      button.focus({ preventScroll: true });
    }
  }
}

/* What a connecting dialog says at its end, {code} or {sentence} of what went wrong; null for anything else. */
function outcomeOf(text) {
  try {
    const { kind, code, problem, sentence } = JSON.parse(text);
    if (kind !== "alongside.connect") {
      return null;
    }
    return typeof code === "string" ? { code } : typeof problem === "string" ? { sentence: String(sentence || "") } : null;
  } catch {
    return null;
  }
}

/* Where the person pressed, and heard by screen readers; "" takes it away. */
function showProblem(button, sentence) {
  const place = button.closest(".state, .foot__in");
  place?.querySelector(".problem--connect")?.remove();
  if (place && sentence) {
    const line = document.createElement("p");
    line.className = "problem problem--connect";
    line.setAttribute("role", "alert");
    line.textContent = sentence;
    place.append(line);
  }
}

async function post(url, token, values) {
  const answer = await fetch(url, {
    method: "POST",
    credentials: "omit",
    cache: "no-store",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
    body: JSON.stringify(values),
  });
  if (!answer.ok) {
    throw new Error(String(answer.status));
  }
  return answer.json();
}

document.addEventListener("click", (event) => {
  const action = event.target.closest("[data-action]");
  if (!action) {
    return;
  }
  if (action.dataset.action === "connect") {
    connect(action);
  } else {
    if (action.dataset.action === "sign-in") {
      session.forget();
    }
    look();
  }
});

globalThis.addEventListener("online", () => look());
globalThis.addEventListener("offline", () => {
  if (email.getAttribute("aria-busy") === "true") {
    newGeneration();
    showState("offline");
  }
});

listen(() => current.key);
host.ready().then(
  () => {
    host.onTheme((theme) => {
      document.documentElement.dataset.theme = theme;
    });
    host.onItemChanged(look);
    look();
  },
  (error) => showState("sign-in-failed", error.message),
);

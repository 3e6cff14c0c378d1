/* The pane's client: follows the open email, asks the server, and paints only what belongs to it.

     item changed ─► generation + 1 ─► skeleton ─► POST context ─► painted, if the generation is still the same
                                                       └─► 401: signs in again once, silently, then says so
   Every request carries the bearer session, the item's key and the generation; an answer that names others is dropped. */

import { busyLabel, follow, forgetLabels, listen, prepare, settle } from "./choices.js";
import { HostGone } from "./hosts/common.js";
import { later } from "./later.js";
import { keepLanguage, localeOf, localise } from "./locale.js";
import { guardFiling, mayFileHere, placedHint, showMailbox } from "./mailbox.js";
import { keepMoments } from "./moments.js";
import { SignInFailed, makeSession } from "./session.js";
import { settled, showSkeleton, showState } from "./states.js";

const { htmx } = globalThis;
const { body } = document;
// The page says in which mail client it stands; its module speaks to it, and all of them answer the same.
const { host } = await import(body.dataset.hostScript);
const session = makeSession({ url: body.dataset.sessionsUrl, proof: () => host.proof() });
const email = document.getElementById("email");
const foot = document.getElementById("foot");
keepLanguage({ locale: () => host.locale, reload: body.dataset.host === "outlook" });
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "";

// How long after its moment an email that files itself is asked about again, the longer the later.
const PATIENCE_MS = [2_000, 3_000, 5_000, 10_000, 15_000];

const PLACES = "a[href], button:not([disabled]), input:not([disabled]), summary, select, textarea";

// What is shown where no email is open for reading.
const STATE_OF_KIND = { none: "no-item", appointment: "appointment", unsupported: "unsupported" };

let generation = 0;
let current = { key: "", hint: "" };
let retryTimer = 0;
let lookTimer = 0;
let looks = 0;
let renewed = false;
let paintMoments = () => {};

// Until they are there, nothing was asked by a view or a card's panel, and nothing is written in them.
let views = { owns: () => false, asked: () => false, itemChanged() {} };
let reading = { owns: () => false, busy: () => false, mayLeave: async () => true, prepare() {} };
const stands = later(async () => {
  const [{ makeViews }, { paneReading }, { paneSync }, { paneRecords }] = await Promise.all([
    import("./views.js"),
    import("./reading.js"),
    import("./sync.js"),
    import("./records/view.js"),
  ]);
  views = makeViews();
  reading = paneReading({ itemKey: () => current.key, hint: () => current.hint, references: host.references.bind(host), again: () => look() });
  const about = { views, host, session, paintMoments: () => paintMoments() };
  paneSync(about);
  paneRecords(about);
  if (document.getElementById("filing")) {
    reading.prepare();
  }
});

function newGeneration() {
  generation += 1;
  looks = 0;
  clearInterval(retryTimer);
  clearTimeout(lookTimer);
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
  } catch (error) {
    if (mine === generation) {
      showState(error instanceof HostGone ? "no-host" : "invalid");
    }
    return;
  }
  if (mine !== generation) {
    return;
  }
  showMailbox(item.mailbox);
  if (item.kind === "compose") {
    current = { key: "draft", hint: "" };
    htmx.ajax("GET", body.dataset.composeUrl, { source: email.firstElementChild, target: email, swap: "innerHTML" });
    return;
  }
  if (item.kind !== "message") {
    showState(STATE_OF_KIND[item.kind]);
    stands();
    return;
  }
  current = { key: item.hint.item_key, hint: JSON.stringify(placedHint(item)) };
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

/* An email that is to be filed by itself is asked about again once its moment has come. */
function waitForFiling() {
  clearTimeout(lookTimer);
  const line = document.querySelector('#status [data-kind="will_file"]');
  if (!line) {
    looks = 0;
    return;
  }
  const left = line.dataset.due ? Math.max(0, Date.parse(line.dataset.due) - Date.now()) : 0;
  if (left > 0) {
    looks = 0;
  }
  lookTimer = setTimeout(lookQuietly, left + PATIENCE_MS[Math.min(looks, PATIENCE_MS.length - 1)]);
}

/* Without a skeleton, and without a word where there is no answer: what is shown stays until there is one. */
function lookQuietly() {
  looks += 1;
  if (document.hidden || body.dataset.waiting || foot.querySelector("[data-poll]") || !navigator.onLine || reading.busy()) {
    waitForFiling();
    return;
  }
  htmx.ajax("POST", body.dataset.contextUrl, {
    source: body,
    target: email,
    swap: "innerHTML",
    headers: { "X-Quiet": "1" },
    values: { hint: current.hint, generation: String(generation) },
  });
}

/* Before a request leaves: there has to be a session. */
document.addEventListener("htmx:confirm", (event) => {
  const isPages = views.owns(event.target);
  if ((event.target.id === "filing" && !mayFile()) || (isPages && views.waits(event.target))) {
    event.preventDefault();
    return;
  }
  if (session.held()) {
    return;
  }
  event.preventDefault();
  if (isPages) {
    session.get().then(() => event.detail.issueRequest(true), (error) => views.noSession(event.target, error));
    return;
  }
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

document.addEventListener("htmx:configRequest", (event) => {
  const { detail } = event;
  detail.headers.Authorization = `Bearer ${session.held()}`;
  detail.headers["X-Time-Zone"] = zone;
  if (views.owns(detail.elt)) {
    views.configure(event);
    return;
  }
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

document.addEventListener("htmx:beforeRequest", (event) => {
  const { detail } = event;
  if (views.asked(event)) {
    return;
  }
  if (detail.elt.matches("[data-step]")) {
    body.dataset.waiting = "step";
    detail.elt.setAttribute("aria-busy", "true");
  } else if (detail.elt.id === "filing" || detail.elt.matches("[data-undo]")) {
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
  if (views.asked(event)) {
    views.beforeSwap(event);
    return;
  }
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
  if (requestConfig.headers["X-Quiet"] && (xhr.status !== 200 || reading.busy())) {
    event.detail.shouldSwap = false;
    waitForFiling();
    return;
  }
  const told = xhr.getResponseHeader("X-Generation");
  if (told === null) {
    event.detail.shouldSwap = false;
    if (reading.owns(event.detail.elt)) {
      reading.failed(event);
      return;
    }
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
  const { kind, tone, due } = part.querySelector("[data-tone]")?.dataset || {};
  return `${kind} ${tone} ${due || part.querySelector(".status__sentence")?.textContent}`;
}

/* What is asked without a word takes no focus away. */
let focused = "";
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const { activeElement } = document;
  const quiet = detail.shouldSwap && detail.requestConfig.headers["X-Quiet"] && email.contains(activeElement);
  focused = quiet ? signature(activeElement) : "";
});

/* What tells a thing that takes the focus from the others of an email, however often that is painted. */
function signature(one) {
  const own = ["name", "value", "href", "title"].map((name) => one.getAttribute(name));
  return [one.localName, one.closest("[data-record]")?.dataset.record, ...own, one.textContent.trim()].join("\n");
}

document.addEventListener("htmx:afterSwap", (event) => {
  const { detail } = event;
  if (views.asked(event)) {
    return;
  }
  delete body.dataset.waiting;
  renewed = false;
  if (detail.target === email) {
    settled();
    reading.prepare();
    prepare(current.key);
    if (email.querySelector("[data-mark]")) {
      followDraft();
    }
    localise(email, localeOf(host.locale));
    if (focused) {
      [...email.querySelectorAll(PLACES)].find((one) => signature(one) === focused)?.focus({ preventScroll: true });
      focused = "";
    }
  }
});

/* After everything of an answer stands, out-of-band parts included. */
document.addEventListener("htmx:afterSettle", (event) => {
  const { detail } = event;
  if (views.asked(event)) {
    views.afterSettle(event);
    return;
  }
  if (detail.target === foot) {
    settle();
    keepFocus();
  } else if (detail.target === email) {
    follow();
    stands();
  }
  guardFiling();
  paintMoments();
  waitForFiling();
  waitAndRetry(document.querySelector("[data-retry-after]"));
});

for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => {
    const { detail } = event;
    if (views.asked(event)) {
      views.failed(event);
      return;
    }
    if (detail.requestConfig?.headers["X-Generation"] === String(generation)) {
      delete body.dataset.waiting;
      if (reading.owns(detail.elt)) {
        reading.failed(event);
        return;
      }
      if (detail.requestConfig.headers["X-Quiet"]) {
        waitForFiling();
        return;
      }
      showState(navigator.onLine ? "server-down" : "offline");
    }
  });
}

/* The server does not know our session: a new one is fetched once without a word, until something is answered again. */
function signedOut({ headers, elt, verb, path, target }) {
  session.forget(headers.Authorization.slice("Bearer ".length));
  delete body.dataset.waiting;
  if (renewed) {
    showState("expired");
    return;
  }
  renewed = true;
  // Not from inside the event of the request that is still ending.
  setTimeout(() => {
    if (path === body.dataset.contextUrl || path === body.dataset.composeUrl) {
      look();
    } else if (elt.id === "filing") {
      elt.requestSubmit();
    } else {
      htmx.ajax(verb.toUpperCase(), path, { source: elt, target: reading.owns(elt) ? target : foot, swap: "innerHTML" });
    }
  });
}

function signInState(error) {
  if (error instanceof SignInFailed) {
    const state = { denied: host.signInState(), cancelled: host.signInState(), mismatch: "mismatch" }[error.reason];
    showState(state || "sign-in-failed", error.message);
  } else {
    showState(navigator.onLine ? "server-down" : "offline");
  }
}

function mayFile() {
  const button = foot.querySelector("[data-file]");
  return mayFileHere() && !body.dataset.waiting && button?.getAttribute("aria-disabled") !== "true";
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
  if (inFoot && (document.activeElement === body || document.activeElement === null)) {
    foot.querySelector("button, a")?.focus({ preventScroll: true });
  }
}

async function followDraft() {
  const mine = generation;
  try {
    const compose = await import("./compose.js");
    if (mine === generation) {
      compose.followDraft(email, host);
    }
  } catch {
    if (mine === generation) {
      showState(navigator.onLine ? "server-down" : "offline");
    }
  }
}

/* The mailbox is connected by signing in; Salesforce in a dialog that hands back a code, good only with our session. */
async function connect(button) {
  if (button.dataset.system === "microsoft") {
    host.askPerson();
    session.forget();
    look();
    return;
  }
  const place = button.closest(".state, .foot__in");
  button.disabled = true;
  try {
    const { connectSystem, showProblem } = await import("./connecting.js");
    showProblem(place, "");
    const url = body.dataset.connectUrl;
    const { connected, sentence } = await connectSystem(button.dataset.system, { session, dialog: host.dialog, url });
    if (connected) {
      look();
    } else {
      showProblem(place, sentence);
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

document.addEventListener("click", (event) => {
  const action = event.target.closest("[data-action]");
  if (!action) {
    return;
  }
  if (views.owns(action)) {
    views.act(action);
    return;
  }
  if (action.dataset.action === "connect") {
    connect(action);
  } else if (action.dataset.action === "restart") {
    globalThis.location.reload();
  } else {
    if (action.dataset.action === "sign-in") {
      host.askPerson();
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

/* F6 leads from the mail to the pane and back. Where the mail client does not see to it itself, we do. */
document.addEventListener("keydown", (event) => {
  if (event.key === "F6" && !event.defaultPrevented && host.leave(event.shiftKey ? "previous" : "next")) {
    event.preventDefault();
  }
});

/* Where the keyboard was: the browser forgets it once another window has the focus. */
let place = null;
let inFoot = false;
document.addEventListener("focusin", ({ target }) => {
  place = target;
  inFoot = foot.contains(target);
});

/* Where the keyboard comes in: what was left last, else the first or the last thing that takes it. */
function takeFocus(to) {
  if (document.activeElement && document.activeElement !== body) {
    document.activeElement.focus();
    return;
  }
  if (place?.isConnected && place.checkVisibility()) {
    place.focus({ preventScroll: true });
    return;
  }
  if (to === "back") {
    return;
  }
  const places = [...document.querySelectorAll(PLACES)];
  const seen = places.filter((place) => place.checkVisibility());
  seen.at(to === "last" ? -1 : 0)?.focus();
}

async function start() {
  try {
    await host.ready();
  } catch (error) {
    if (error instanceof HostGone) {
      showState("no-host");
      return;
    }
    throw error;
  }
  host.onTheme((theme) => {
    document.documentElement.dataset.theme = theme;
  });
  paintMoments = keepMoments(localeOf(host.locale));
  host.onItemChanged(async () => {
    views.itemChanged();
    if (await reading.mayLeave()) {
      look();
    }
  });
  host.onFocus(takeFocus);
  look();
}

listen(() => current.key);
start();

/* What a record's card opens: a panel with its activities and its related lists, each asked for once it is looked at.

     toggle ─► panel, a copy of the page's template ─► its chosen part ─► GET ─► painted in the part's place
   Nothing is asked before somebody opens it. A part that fails says so where it stands; the rest of the pane stays.

     Note, Call, Task, Follow up ─► GET its form ─► Save ─► POST ─► written: activities are read anew
                                        │              └──► refused, or no answer: the form again, with its words
                                        └── edits are kept for the email until they are saved or cancelled */

import "./hosts/references.js";
import { choose, giveBack, offerChoosing } from "./added.js";
import { forget, isDirty, mayLeave, watch } from "./edits.js";

const { alongsideReferences, htmx } = globalThis;
const email = document.getElementById("email");

const copy = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);
const panelOf = (elt) => elt?.closest?.("[data-panel]") || null;

function load(place) {
  place.replaceChildren(copy("panel-waiting"));
  place.setAttribute("aria-busy", "true");
  // What becomes of it is told by its events.
  htmx.ajax("GET", place.dataset.url, { source: place, target: place, swap: "innerHTML" }).catch(() => {});
}

function show(panel, name) {
  for (const tab of panel.querySelectorAll("[data-shows]")) {
    const chosen = tab.dataset.shows === name;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
  }
  for (const place of panel.querySelectorAll("[data-part]")) {
    place.hidden = place.dataset.part !== name;
    if (!place.hidden && !place.firstElementChild) {
      load(place);
    }
  }
}

/* Leaves the actions that the card's layout offers, in its order. */
function offer(place, { actions, address }) {
  const there = new Map([...place.children].map((child) => [child.dataset.offers, child]));
  const offered = actions.split(" ").filter((name) => there.has(name) && (name !== "open" || address));
  place.replaceChildren(...offered.map((name) => there.get(name)));
  place.hidden = !offered.length;
  for (const link of place.querySelectorAll("a")) {
    link.href = address;
  }
}

/* The panel of a card's record, made at the first time. */
function panelFor(button) {
  const card = button.closest("[data-record]");
  const there = [...card.children].find((child) => child.matches("[data-panel]"));
  if (there) {
    return there;
  }
  const id = button.dataset.panelOf;
  const panel = copy("panel");
  for (const place of panel.querySelectorAll("[data-url]")) {
    place.dataset.url = place.dataset.url.replace("RECORD", encodeURIComponent(id));
    place.id = `${place.dataset.part}-${id}`;
  }
  for (const make of panel.querySelectorAll("[data-begins]")) {
    const { begins } = make.dataset;
    make.dataset.defaults = JSON.stringify({ [begins]: id, [`name.${begins}`]: card.querySelector(".row__name")?.textContent ?? "" });
  }
  for (const tab of panel.querySelectorAll("[data-shows]")) {
    tab.id = `${tab.dataset.shows}-tab-${id}`;
    tab.setAttribute("aria-controls", `${tab.dataset.shows}-${id}`);
    panel.querySelector(`[data-part="${tab.dataset.shows}"]`).setAttribute("aria-labelledby", tab.id);
  }
  offer(panel.querySelector(".panel__actions"), card.dataset);
  card.append(panel);
  return panel;
}

function toggle(button, open) {
  const panel = panelFor(button);
  panel.hidden = !open;
  button.setAttribute("aria-expanded", String(open));
  if (open) {
    show(panel, panel.querySelector('[aria-selected="true"]').dataset.shows);
  }
}

/* Whether each field of a form still says what it was drawn with. */
function isUntouched(act) {
  return [...act.querySelectorAll("input:not([type=hidden]), textarea, select")].every((field) => {
    if (field.matches("select")) {
      const drawn = [...field.options].findIndex((option) => option.defaultSelected);
      return field.selectedIndex === Math.max(0, drawn);
    }
    return field.matches("[type=checkbox], [type=radio]")
      ? field.checked === field.defaultChecked
      : field.value === field.defaultValue;
  });
}

/* Arrows move between the tabs. Escape closes a form that nothing was written in, else the panel, which keeps the form. */
function keys(event) {
  const panel = panelOf(event.target);
  const object = event.target.closest?.("[data-tab]");
  if (object) {
    moveTabs(event, object, [...email.querySelectorAll("[data-tab]")], chooseTab);
    return;
  }
  if (!panel) {
    return;
  }
  const act = event.target.closest("[data-act]");
  if (event.key === "Escape" && !event.defaultPrevented && act && isUntouched(act)) {
    event.preventDefault();
    act.querySelector("[data-cancel]").click();
    return;
  }
  if (event.key === "Escape" && !event.defaultPrevented) {
    const button = panel.closest("[data-record]").querySelector("[data-panel-of]");
    toggle(button, false);
    button.focus();
    event.preventDefault();
    return;
  }
  const tab = event.target.closest("[data-shows]");
  if (tab) {
    moveTabs(event, tab, [...panel.querySelectorAll("[data-shows]")], (next) => show(panel, next.dataset.shows));
  }
}

function moveTabs(event, tab, tabs, choose) {
  if (!["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) {
    return;
  }
  const onwards = document.documentElement.dir === "rtl" ? "ArrowLeft" : "ArrowRight";
  const step = event.key === onwards ? 1 : -1;
  const places = { Home: 0, End: tabs.length - 1 };
  const next = tabs[places[event.key] ?? (tabs.indexOf(tab) + step + tabs.length) % tabs.length];
  choose(next);
  next.focus();
  event.preventDefault();
}

/* The person goes on writing beside the email that is no longer open: said above it, with the way to the open one. */
function stay() {
  if (!email.querySelector("[data-stayed]")) {
    email.prepend(copy("panel-stayed"));
  }
}

// What mail programs put before the subject of an answer.
const ANSWERS = /^(?:(?:re|fwd?|aw|wg|antw|sv|tr|rv|enc)\s*:\s*)+/i;

/* The fields of a form belong to no form of the page, so that filing the email never sends them. */
const fieldsOf = (act) => [...act.querySelectorAll("input, select, textarea")];

/* The key of each form that was opened and not saved yet: sent again it is the same press, whatever happened between. */
const formKeys = new Map();

function nameOf(act, itemKey) {
  return `write:${itemKey}:${act.closest("[data-record]").dataset.record}:${act.dataset.act}`;
}

function prepareForm(act, itemKey) {
  const name = nameOf(act, itemKey);
  const key = act.querySelector('input[name="key"]');
  if (formKeys.has(name)) {
    key.value = formKeys.get(name);
  }
  formKeys.set(name, key.value);
  const subject = document.querySelector("#filing")?.dataset.subject;
  const field = act.querySelector('input[name="subject"]');
  if (act.dataset.act === "follow-up" && subject && field.dataset.fresh !== undefined) {
    field.value = `${field.value}: ${subject.replace(ANSWERS, "")}`.slice(0, field.maxLength);
  }
  watch({ elements: fieldsOf(act), addEventListener: act.addEventListener.bind(act) }, name);
}

function done(name) {
  forget(name);
  formKeys.delete(name);
}

function openForm(button) {
  const card = button.closest("[data-record]");
  const toggler = card.querySelector("[data-panel-of]");
  if (toggler.getAttribute("aria-expanded") !== "true") {
    toggle(toggler, true);
  }
  const panel = [...card.children].find((child) => child.matches("[data-panel]"));
  const place = panel.querySelector("[data-act-place]");
  const url = panel.querySelector(".panel__actions").dataset.url;
  const address = url.replace("RECORD", encodeURIComponent(card.dataset.record)).replace("KIND", button.dataset.write);
  place.dataset.url = address;
  htmx.ajax("GET", address, { source: place, target: place, swap: "innerHTML" }).catch(() => {});
}

/* After a form was painted, or its answer: what is wrong takes the focus, else the first field; what is written is read. */
function settleForm(place, itemKey) {
  const act = place.querySelector("[data-act]");
  if (act) {
    prepareForm(act, itemKey);
    const first = act.dataset.act === "note" ? "textarea" : "input[type=text]";
    (act.querySelector("[aria-invalid]") || act.querySelector(first)).focus();
    return;
  }
  const written = place.querySelector("[data-written]");
  if (written) {
    const panel = panelOf(place);
    done(`write:${itemKey}:${place.closest("[data-record]").dataset.record}:${written.dataset.written}`);
    const day = written.querySelector("template[data-last-activity]");
    for (const known of day ? place.closest("[data-record]").querySelectorAll(".fact--last-activity time") : []) {
      known.replaceWith(day.content.cloneNode(true));
    }
    panel.querySelector(`[data-write="${written.dataset.written}"]`).focus({ preventScroll: true });
    for (const part of panel.querySelectorAll("[data-part]")) {
      part.replaceChildren();
    }
    show(panel, "timeline");
  }
}

/* Links to Salesforce and case references of the open email; nothing else of its text leaves the mail client. */
async function refer(references, itemKey) {
  const place = email.querySelector("[data-references]");
  const key = itemKey();
  const { org } = place?.dataset ?? {};
  const told = org ? await references(key, org).catch(() => []) : [];
  const found = place?.isConnected && key === itemKey() ? alongsideReferences.within(told.join("\n"), org) : [];
  if (found.length) {
    htmx
      .ajax("POST", place.dataset.url, { source: place, target: place, swap: "innerHTML", values: { reference: found } })
      .catch(() => {});
  }
}

const PEOPLE = { Contact: "003", Lead: "00Q" };

/* The first record of that object beside the open email: what it would look like is shown with it. */
function sampleOf(object) {
  const prefix = PEOPLE[object] || "";
  const cards = email.querySelectorAll(`[data-object="${prefix ? "People" : CSS.escape(object)}"]`);
  const records = [...cards].flatMap((card) => (card.dataset.record ? [card] : [...card.querySelectorAll("li[data-record]")]));
  return records.find(({ dataset }) => dataset.record.startsWith(prefix))?.dataset.record || "";
}

/* How the pane is left is kept on the server: a tab, what is folded, what is opened. What fails is not worth a word. */
function keep(values) {
  const habits = email.querySelector("[data-habits]");
  return htmx.ajax("POST", habits.dataset.url, { source: habits, target: habits, swap: "none", values }).catch(() => {});
}

function chooseTab(button) {
  for (const tab of email.querySelectorAll("[data-tab]")) {
    const chosen = tab === button;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
  }
  for (const part of email.querySelectorAll("[data-object]")) {
    part.toggleAttribute("data-off", Boolean(button.dataset.tab) && part.dataset.object !== button.dataset.tab);
  }
  keep({ tab: button.dataset.tab });
}

function fold(button) {
  const name = button.dataset.fold;
  const folded = button.getAttribute("aria-expanded") === "true";
  for (const section of email.querySelectorAll(`[data-object="${CSS.escape(name)}"]`)) {
    section.toggleAttribute("data-folded", folded);
    section.querySelector("[data-fold]")?.setAttribute("aria-expanded", String(!folded));
  }
  keep({ [folded ? "folded" : "unfolded"]: name });
}

function keepExpanded(details) {
  if (details.dataset.known === String(details.open)) {
    return;
  }
  details.dataset.known = String(details.open);
  keep({ [details.open ? "expanded" : "collapsed"]: details.dataset.expands });
}

export function paneReading({ itemKey, hint, again, references }) {
  let further = null;

  email.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-panel-of]");
    const tab = target.closest("[data-shows]");
    const reload = target.closest("[data-load-again]");
    const move = target.closest("[data-move]");
    const write = target.closest("[data-write]");
    const act = target.closest("[data-act]");
    const chosen = target.closest("[data-file-here]");
    if (chosen) {
      choose(chosen, itemKey);
    } else if (write) {
      openForm(write);
    } else if (act && target.closest("[data-cancel]")) {
      const kind = act.dataset.act;
      const panel = panelOf(act);
      done(nameOf(act, itemKey()));
      act.remove();
      panel.querySelector(`[data-write="${kind}"]`).focus();
    } else if (button) {
      toggle(button, button.getAttribute("aria-expanded") !== "true");
    } else if (tab) {
      show(panelOf(tab), tab.dataset.shows);
    } else if (target.closest("[data-tab]")) {
      chooseTab(target.closest("[data-tab]"));
    } else if (target.closest("[data-fold]")) {
      fold(target.closest("[data-fold]"));
    } else if (move) {
      const habits = email.querySelector("[data-habits]");
      const values = { object: move.dataset.move, step: move.dataset.stepBy };
      htmx.ajax("POST", habits.dataset.moveUrl, { source: habits, target: habits, swap: "none", values }).then(again, () => {});
    } else if (reload) {
      const place = reload.closest("[data-part], [data-act-place]");
      if (place.matches("[data-part]")) {
        load(place);
      } else {
        reload.closest("[data-failed-note]").remove();
        if (!place.querySelector("[data-save]")) {
          htmx.ajax("GET", place.dataset.url, { source: place, target: place, swap: "innerHTML" }).catch(() => {});
        }
        place.querySelector("[data-save]")?.click();
      }
    } else if (target.closest("[data-next]")) {
      further = { part: target.closest("[data-part]"), shown: target.closest("[data-part]").querySelectorAll(".entry").length };
    }
  });
  document.addEventListener("keydown", keys);
  // A record was made or changed in the pane: what is shown of it counts no more.
  document.addEventListener("pane:written", () => again());
  email.addEventListener(
    "toggle",
    ({ target }) => {
      if (target.matches?.("[data-expands]")) {
        keepExpanded(target);
      }
    },
    true,
  );
  // Of several people with one address, the chosen one is chosen from now on.
  email.addEventListener("change", ({ target }) => {
    if (target.name?.startsWith("instead:")) {
      keep({ address: target.name.slice("instead:".length), person: target.value });
    }
  });
  // Choosing a day is choosing "on".
  email.addEventListener("input", ({ target }) => {
    const radio = target.dataset?.picks && target.closest("label")?.querySelector(`input[value="${target.dataset.picks}"]`);
    if (radio) {
      radio.checked = true;
    }
  });
  document.addEventListener("htmx:configRequest", ({ detail }) => {
    const sample = detail.elt.dataset.samples && sampleOf(detail.elt.dataset.samples);
    if (sample) {
      detail.formData.set("sample", sample);
    }
    const row = detail.elt.closest?.("[data-unknown]");
    if (row && detail.elt.dataset.address !== undefined) {
      for (const name of [...detail.formData.keys()]) {
        detail.formData.delete(name);
      }
      detail.formData.set("address", detail.elt.dataset.address);
      detail.formData.set("name", detail.elt.dataset.name);
      if (detail.elt.dataset.withHint !== undefined) {
        detail.formData.set("hint", hint());
      }
    }
    if (detail.verb === "post" && detail.elt.matches?.("[data-habits], [data-references], [data-added]")) {
      // The form around them is the filing's: what is ticked there is none of theirs.
      for (const field of document.getElementById("filing").elements) {
        detail.formData.delete(field.name);
      }
    }
    const act = detail.elt.closest?.("[data-act]");
    if (act && detail.verb === "post") {
      const own = new Set(fieldsOf(act).map((field) => field.name));
      for (const name of [...detail.formData.keys()].filter((one) => !own.has(one))) {
        detail.formData.delete(name);
      }
    }
  });
  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    if (detail.elt.matches?.("[data-save]")) {
      detail.elt.setAttribute("aria-busy", "true");
    }
  });
  // A record of the records' view, whose own clicks stay there.
  document.getElementById("records").addEventListener("click", ({ target }) => {
    const button = target.closest("[data-file-here]");
    if (button) {
      choose(button, itemKey);
    }
  });
  document.addEventListener("htmx:afterSettle", ({ detail }) => {
    offerChoosing();
    panelOf(detail.target)?.querySelector("[data-part]:not([hidden])")?.setAttribute("aria-busy", "false");
    if (detail.elt.matches?.("[data-unknown]")) {
      // The row that was pressed is gone: what stands there now takes the focus.
      detail.elt.querySelector("button")?.focus();
    }
    if (detail.target.matches?.("[data-act-place]")) {
      settleForm(detail.target, itemKey());
    }
    if (further?.part.isConnected) {
      // The button that was pressed is gone: what it brought takes the focus.
      further.part.querySelectorAll(".entry")[further.shown]?.querySelector("a, button")?.focus();
      further = null;
    }
  });

  return {
    owns: (elt) => Boolean(panelOf(elt) || elt?.closest?.("[data-habits], [data-unknown], [data-references], [data-added]")),
    /* After an answer was painted. What was opened or folded before this stood is kept too. */
    prepare() {
      giveBack(itemKey());
      refer(references, itemKey);
      for (const details of email.querySelectorAll("[data-expands]")) {
        keepExpanded(details);
      }
    },
    /* Whether somebody looks at something that a quiet repaint would take away. */
    busy: () => Boolean(email.querySelector("[data-panel]:not([hidden])")),
    /* Before another email is shown: asks where something written down is not saved. */
    async mayLeave() {
      const open = [...email.querySelectorAll("[data-act]")].map((act) => nameOf(act, itemKey()));
      for (const name of open.filter(isDirty)) {
        if (!(await mayLeave(name))) {
          stay();
          return false;
        }
      }
      return true;
    },
    /* A request of a panel that was not answered, or not by the pane: told in its part's place. */
    failed({ detail }) {
      const place = detail.elt.closest("[data-part], [data-act-place]");
      const note = copy("panel-failed");
      const row = detail.elt.closest("[data-unknown]");
      if (row) {
        row.querySelector("[data-failed-note]")?.remove();
        note.querySelector("[data-load-again]").remove();
        row.append(note);
      } else if (place?.querySelector("[data-act]")) {
        // What was written stays; saving again looks first whether it arrived.
        place.querySelector("[data-failed-note]")?.remove();
        place.querySelector("[data-save]").removeAttribute("aria-busy");
        place.prepend(note);
      } else if (place) {
        place.replaceChildren(note);
        place.setAttribute("aria-busy", "false");
      }
    },
  };
}

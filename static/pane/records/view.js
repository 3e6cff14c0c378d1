/* Salesforce's records as a view of the pane (views.js).

     / or the button ─► list: search as one types, pinned, recent ─► a record ─► its form ─► saved: the record
                                       ▲───────────── Back, Escape ──────┴──────────┘

   Anywhere in the pane, a press on what carries data-open-record="ID" opens that record, and on what carries
   data-create-record="Contact" the form for a new one; data-defaults there holds the first values, a JSON object from names
   of fields to texts. data-edits-record and data-converts-record stand on a button of a card (data-record="ID") and open that
   record's form. */

import { connectSystem, showProblem } from "../connecting.js";
import * as edits from "../edits.js";
import { showState, viewRequests } from "../views.js";
import { prepareForm } from "./form.js";

const { htmx } = globalThis;
const { body } = document;
const root = document.getElementById("records");
const opener = document.getElementById("open-records");
const list = document.getElementById("records-list");
const finder = document.getElementById("records-find");
const input = document.getElementById("records-q");
const part = document.getElementById("records-record");
const title = root.querySelector("[data-records-title]");

export function paneRecords({ views, host, session, paintMoments }) {
  // The addresses that lead to what is shown; none while the list is.
  let trail = [];
  let afterBack = null;
  // Opened from the email by what it led to: Back leads there again.
  let direct = false;
  let fresh = true;
  // What the list stands for, and whether Enter was pressed before it stood.
  let listed = "";
  let entered = false;

  const form = () => part.querySelector("form[data-edits]");
  const formKey = () => form()?.dataset.edits || "";
  const inList = () => trail.length === 0;

  function place() {
    return inList() ? list : part;
  }

  function showList(focus = true) {
    trail = [];
    part.hidden = true;
    part.replaceChildren();
    finder.hidden = false;
    list.hidden = false;
    title.textContent = title.dataset.words;
    if (focus) {
      input.focus({ preventScroll: true });
      input.select();
    }
  }

  function skeleton(into) {
    into.replaceChildren(document.getElementById("records-skeleton").content.cloneNode(true));
  }

  function refreshList() {
    htmx.trigger(input, "again");
  }

  function load(address, values) {
    finder.hidden = true;
    list.hidden = true;
    part.hidden = false;
    skeleton(part);
    globalThis.scrollTo(0, 0);
    htmx.ajax("GET", address, { source: part, target: part, swap: "innerHTML", values });
  }

  async function go(address, { values, replace = false } = {}) {
    if (!(await edits.mayLeave(formKey()))) {
      return;
    }
    if (replace) {
      trail.pop();
    }
    trail.push({ address, values });
    load(address, values);
  }

  async function back() {
    if (!(await edits.mayLeave(formKey()))) {
      return;
    }
    trail.pop();
    const before = trail.at(-1);
    if (before) {
      load(before.address, before.values);
    } else if (direct) {
      await views.close();
    } else {
      showList(false);
      if (!list.childElementCount) {
        refreshList();
      }
      (afterBack?.isConnected ? afterBack : input).focus({ preventScroll: true });
    }
  }

  const openRecord = (id) => views.open("records", { address: root.dataset.recordUrl.replace("ID", encodeURIComponent(id)) });

  /* `recordType` and `replace` come from the choice of its kind, which the form takes the place of. */
  function create(objectName, { defaults, recordType, replace } = {}) {
    const values = { ...(defaults && { defaults }), ...(recordType && { record_type: recordType }) };
    views.open("records", { address: root.dataset.newUrl.replace("OBJECT", encodeURIComponent(objectName)), values, replace });
  }

  function again() {
    const now = trail.at(-1);
    if (now) {
      load(now.address, now.values);
    } else {
      refreshList();
    }
  }

  async function connect(button) {
    const { system } = button.dataset;
    const where = button.closest(".state");
    button.disabled = true;
    showProblem(where, "");
    try {
      const { connected, sentence } = await connectSystem(system, {
        session,
        dialog: (url, last) => host.dialog(url, last),
        url: body.dataset.connectUrl,
      });
      if (connected) {
        again();
      } else {
        showProblem(where, sentence);
      }
    } catch {
      showProblem(where, root.dataset.failed);
    } finally {
      button.disabled = false;
    }
  }

  const requests = viewRequests({
    root,
    session,
    place,
    again,
    connect,
    /* A form that could not be sent stays as it is, and says so at its foot. */
    failedState(where, name, words) {
      const problem = where === part && form()?.querySelector("[data-form-problem]");
      if (problem) {
        showState(problem, name, words);
        problem.scrollIntoView({ block: "nearest" });
      } else {
        showState(where, name, words);
      }
    },
    painted(target, event) {
      paintMoments();
      const saved = target.querySelector?.("[data-saved]");
      if (saved) {
        edits.forget(saved.dataset.forget);
        // The form's place is the record's now, and Back leads to what was before both.
        trail.pop();
        if (trail.at(-1)?.address !== saved.dataset.saved) {
          trail.push({ address: saved.dataset.saved });
        }
        document.dispatchEvent(new CustomEvent("pane:written", { detail: { id: saved.dataset.record } }));
        list.replaceChildren();
      }
      if (target === list) {
        listed = event.detail.requestConfig.formData.get("q") ?? "";
        if (entered && listed === input.value) {
          entered = false;
          list.querySelector("[data-open-record]")?.click();
        }
        return;
      }
      if (target !== part) {
        return;
      }
      const heading = part.querySelector("[data-part-title]");
      if (heading) {
        title.textContent = heading.dataset.partTitle;
      }
      const filled = form();
      if (filled) {
        edits.watch(filled, filled.dataset.edits, { anew: event.detail.requestConfig?.verb === "get" });
        prepareForm(filled, session);
      }
      const wrong = part.querySelector(".notice[role=alert]") || part.querySelector("[aria-invalid=true]");
      const first = wrong || part.querySelector("[data-first-focus]") || part.querySelector("form[data-edits] :is(input:not([type=hidden]), select, textarea)");
      (first || title).focus({ preventScroll: !wrong });
    },
  });

  /* Arrows move between the search and what it found; Enter in the search opens the first. */
  function key(event) {
    if (event.target.closest?.("[data-lookup]")) {
      return false;
    }
    if (!inList() || event.altKey || event.ctrlKey || event.metaKey) {
      return false;
    }
    const rows = [...list.querySelectorAll("[data-open-record]")];
    const at = rows.indexOf(document.activeElement);
    const onInput = event.target === input;
    if (event.key === "Escape" && onInput && input.value) {
      input.value = "";
      refreshList();
      event.preventDefault();
      return true;
    }
    if (event.key === "Enter" && onInput) {
      event.preventDefault();
      entered = listed !== input.value;
      if (!entered) {
        rows[0]?.click();
      }
      return true;
    }
    if (event.key === "/" && !onInput) {
      event.preventDefault();
      input.focus();
      input.select();
      return true;
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || (!onInput && at < 0) || !rows.length) {
      return false;
    }
    event.preventDefault();
    const next = at + step;
    (next < 0 ? input : rows[Math.min(next, rows.length - 1)]).focus();
    return true;
  }

  views.add({
    name: "records",
    root,
    opener,
    requests: { ...requests, key },
    shown({ address, values, replace }) {
      direct = fresh ? Boolean(address) : direct;
      fresh = false;
      if (address) {
        go(address, { values, replace });
        return;
      }
      showList();
      skeleton(list);
      refreshList();
    },
    hidden() {
      fresh = true;
      trail = [];
      part.replaceChildren();
      list.replaceChildren();
      input.value = "";
    },
    back() {
      if (inList()) {
        return false;
      }
      back();
      return true;
    },
    mayLeave: () => edits.mayLeave(formKey()),
    /* Another email was opened: it is what the person looks at now, unless they want to go on writing. */
    itemChanged: () => views.close(),
  });

  // The record was chosen for the open email: there it stands, ticked.
  document.addEventListener("pane:chosen", async ({ detail }) => {
    if (views.current() === "records" && (await views.close())) {
      detail.reveal();
    }
  });
  opener.addEventListener("click", () => views.open("records"));
  document.getElementById("close-records").addEventListener("click", () => (inList() ? views.close() : back()));
  finder.addEventListener("submit", (event) => event.preventDefault());
  input.addEventListener("input", () => {
    entered = false;
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches?.("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
    if (event.key === "/" && !typing && !event.defaultPrevented && views.current() === "" && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      views.open("records");
    }
  });
  document.addEventListener("click", (event) => {
    const open = event.target.closest("[data-open-record]");
    const make = event.target.closest("[data-create-record]");
    const step = event.target.closest("[data-go]");
    const change = event.target.closest("[data-edits-record], [data-converts-record]");
    if (change) {
      const address = "editsRecord" in change.dataset ? root.dataset.editUrl : root.dataset.convertUrl;
      const { record } = change.closest("[data-record]").dataset;
      views.open("records", { address: address.replace("ID", encodeURIComponent(record)) });
    } else if (open) {
      afterBack = root.contains(open) ? open : afterBack;
      openRecord(open.dataset.openRecord);
    } else if (make) {
      const { createRecord, defaults, recordType } = make.dataset;
      create(createRecord, { defaults, recordType, replace: "replace" in make.dataset });
    } else if (step && root.contains(step)) {
      if ("discard" in step.dataset) {
        edits.forget(formKey());
      }
      if ("back" in step.dataset) {
        back();
      } else {
        go(step.dataset.go, { replace: "replace" in step.dataset });
      }
    }
  });

  return { openRecord, create };
}

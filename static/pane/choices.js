/* Ticks: what they mean together, what the button says of them, and how the keyboard moves between them.

   An email goes to contacts, or to one lead and then to no further record. Ticks are kept per email for as long as the
   pane lives, so that looking at another email loses none. */

const KEPT_EMAILS = 50;
const kept = new Map();
const opened = new Set();
let labels = null;

const form = () => document.getElementById("filing");
const boxes = (name) => [...(form()?.querySelectorAll(`input[name="${name}"]`) || [])];

/* After an answer was painted for the email `key`. */
export function prepare(key) {
  labels = document.querySelector("#foot template[data-labels]") || labels;
  for (const details of document.querySelectorAll("details[data-remember]")) {
    details.open = opened.has(details.dataset.remember);
    details.addEventListener("toggle", () => opened[details.open ? "add" : "delete"](details.dataset.remember));
  }
  restore(key);
  follow();
}

export function forgetLabels() {
  labels = null;
}

/* What follows from the ticks: which records are offered, and what the button says. */
export function follow() {
  const people = boxes("person").filter((box) => box.checked);
  const leadOnly = people.length > 0 && people.every((box) => box.dataset.kind === "lead");
  for (const records of form()?.querySelectorAll("[data-records]") || []) {
    records.toggleAttribute("data-locked", leadOnly);
  }
  lock();
  for (const note of form()?.querySelectorAll("[data-lead-note]") || []) {
    note.hidden = !leadOnly || !note.closest(".group").querySelector("[data-records]");
  }
  relabel(people.length, leadOnly ? 0 : boxes("record").filter((box) => box.checked).length);
}

/* Ticks of what is locked cannot be changed; what else stands beside them can still be used. */
function lock() {
  for (const tick of form()?.querySelectorAll(".tick") || []) {
    tick.disabled = Boolean(tick.closest("[data-locked]"));
  }
}

/* Locks the ticks while the email is filed, frees them when it is not. */
export function settle() {
  const fixed = Boolean(document.querySelector("#foot [data-settled], #foot [data-poll]"));
  for (const choices of form()?.querySelectorAll("[data-choices]") || []) {
    choices.toggleAttribute("data-locked", fixed);
  }
  lock();
  if (document.querySelector('#foot [data-mode="cannot"]')) {
    // A tick is where the email goes, and it goes nowhere.
    for (const box of form()?.querySelectorAll("input[type=checkbox]") || []) {
      box.checked = false;
    }
  }
  if (!fixed) {
    follow();
  }
}

export function listen(currentKey) {
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (!box.matches?.("#filing input")) {
      return;
    }
    if (box.name.startsWith("instead:")) {
      takeInstead(box);
    } else if (box.name === "person" && box.checked) {
      keepToOneKind(box);
    }
    remember(currentKey());
    follow();
  });
  document.addEventListener("keydown", moveInLists);
}

function relabel(people, records) {
  const button = document.querySelector("#foot [data-file]");
  labels ??= document.querySelector("#foot template[data-labels]");
  const label = button?.querySelector("[data-file-label]");
  if (!label || !labels || document.querySelector('#foot [data-mode="confirm"]')) {
    return;
  }
  const find = records ? `[data-records="${records}"]` : people ? `[data-people="${people}"]` : "[data-none]";
  const words = labels.content.querySelector(find)?.textContent;
  if (words && words !== label.textContent) {
    label.textContent = words;
  }
  button.setAttribute("aria-disabled", String(!records && !people));
}

export function busyLabel() {
  return labels?.content.querySelector("[data-busy]")?.textContent || "";
}

/* A contact puts leads aside; a lead puts everybody else aside. */
function keepToOneKind(chosen) {
  for (const box of boxes("person")) {
    if (box !== chosen && (chosen.dataset.kind === "lead" || box.dataset.kind === "lead")) {
      box.checked = false;
    }
  }
}

/* Of several people with one address, the chosen one is who the tick of the card stands for. */
function takeInstead(radio) {
  const box = radio.closest(".card").querySelector('input[name="person"]');
  box.value = radio.value;
  box.dataset.kind = radio.dataset.kind;
  box.checked = true;
  keepToOneKind(box);
}

function remember(key) {
  const chosen = {};
  for (const input of form().querySelectorAll("input[type=checkbox]")) {
    const place = input.name === "person" ? input.closest(".card").dataset.person : input.value;
    chosen[`${input.name} ${place}`] = input.checked ? input.value : "";
  }
  kept.delete(key);
  kept.set(key, chosen);
  if (kept.size > KEPT_EMAILS) {
    kept.delete(kept.keys().next().value);
  }
}

function restore(key) {
  const chosen = kept.get(key);
  if (!chosen || document.querySelector("#foot [data-settled]")) {
    return;
  }
  for (const input of form()?.querySelectorAll("input[type=checkbox]") || []) {
    const place = input.name === "person" ? input.closest(".card").dataset.person : input.value;
    const value = chosen[`${input.name} ${place}`];
    if (value === undefined) {
      continue;
    }
    input.checked = value !== "";
    if (input.name === "person" && value && value !== input.value) {
      const radio = [...input.closest(".card").querySelectorAll("input[type=radio]")].find((one) => one.value === value);
      if (radio) {
        radio.checked = true;
        input.value = value;
        input.dataset.kind = radio.dataset.kind;
      }
    }
  }
}

/* Arrows move between the ticks of a list; Tab goes on as always. Enter files, Escape closes what is open. */
function moveInLists(event) {
  const { target } = event;
  if (event.key === "Escape") {
    const details = target.closest?.("details[open]");
    if (details) {
      details.open = false;
      details.querySelector("summary").focus();
      event.preventDefault();
    }
    return;
  }
  if (event.key === "Enter" && target.matches?.("#filing input[type=checkbox]")) {
    event.preventDefault();
    target.click();
    return;
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step || !target.matches?.("#filing input[type=checkbox]")) {
    return;
  }
  const reachable = [...form().querySelectorAll("input[type=checkbox]")].filter(
    (box) => !box.matches(":disabled") && box.checkVisibility(),
  );
  const next = reachable[reachable.indexOf(target) + step];
  if (next) {
    event.preventDefault();
    next.focus();
  }
}

/* Unsaved edits: kept for as long as the pane lives, and asked about before they are out of sight.

     watch(form, key)    gives the form back what was kept under `key`, and keeps what is changed from now on; returns
                         whether anything was given back. {anew: false}: the form already holds what was written, as it
                         came back with what is wrong
     isDirty(key)        whether something is unsaved under that key; without a key, under any
     forget(key)         it was saved, or thrown away
     ask()               asks in the pane: resolves with "stay", "leave" (the edits are kept) or "discard"
     mayLeave(key)       true at once where nothing is unsaved; else asks, forgets what is discarded, and resolves with
                         whether the person goes

   A key names what is edited (`record:003…`, `create:Contact`, `note:<item key>`), so that edits of one email or record
   never turn up in another. Values stay in this page's memory alone. Fields without a name, hidden ones (but those with
   data-keep) and those with data-no-keep are left out. The words are in the shell's template #edits-question. */

const MOST = 50;
const kept = new Map();

const fieldsOf = (form) =>
  [...form.elements].filter((field) => field.name && (field.type !== "hidden" || "keep" in field.dataset) && field.type !== "submit" && !("noKeep" in field.dataset));

function valueOf(field) {
  if (field.type === "checkbox" || field.type === "radio") {
    return field.checked;
  }
  return field.multiple ? [...field.selectedOptions].map((option) => option.value) : field.value;
}

function give(field, value) {
  if (field.type === "checkbox" || field.type === "radio") {
    field.checked = value;
  } else if (field.multiple) {
    for (const option of field.options) {
      option.selected = value.includes(option.value);
    }
  } else {
    field.value = value;
  }
}

const placeOf = (field) => (field.type === "radio" || field.type === "checkbox" ? `${field.name} ${field.value}` : field.name);
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

export function watch(form, key, { anew = true } = {}) {
  const before = new Map(fieldsOf(form).map((field) => [placeOf(field), valueOf(field)]));
  const earlier = kept.get(key);
  if (earlier && anew) {
    for (const field of fieldsOf(form)) {
      if (earlier.has(placeOf(field))) {
        give(field, earlier.get(placeOf(field)));
        field.dispatchEvent(new CustomEvent("edits:given", { bubbles: true }));
      }
    }
  }
  const keep = () => {
    const changed = new Map(
      fieldsOf(form)
        .filter((field) => earlier?.has(placeOf(field)) || !same(valueOf(field), before.get(placeOf(field))))
        .map((field) => [placeOf(field), valueOf(field)]),
    );
    kept.delete(key);
    if (changed.size) {
      kept.set(key, changed);
      if (kept.size > MOST) {
        kept.delete(kept.keys().next().value);
      }
    }
  };
  form.addEventListener("input", keep);
  form.addEventListener("change", keep);
  return Boolean(earlier);
}

export function isDirty(key) {
  return key === undefined ? kept.size > 0 : kept.has(key);
}

export function forget(key) {
  kept.delete(key);
}

export function ask() {
  const dialog = document.getElementById("edits-question").content.firstElementChild.cloneNode(true);
  const focused = document.activeElement;
  document.body.append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener("click", ({ target }) => {
      const button = target.closest("[data-answer]");
      if (button) {
        dialog.close(button.dataset.answer);
      }
    });
    // The keyboard stays within it, in a frame too.
    dialog.addEventListener("keydown", (event) => {
      if (event.key === "Tab") {
        const buttons = [...dialog.querySelectorAll("[data-answer]")];
        const next = buttons.indexOf(document.activeElement) + (event.shiftKey ? -1 : 1);
        event.preventDefault();
        buttons[(next + buttons.length) % buttons.length].focus();
      }
    });
    // Escape closes it, and means: stay.
    dialog.addEventListener("close", () => {
      dialog.remove();
      const answer = dialog.returnValue || "stay";
      if (answer === "stay") {
        focused?.focus({ preventScroll: true });
      }
      resolve(answer);
    });
    dialog.showModal();
    dialog.querySelector('[data-answer="stay"]').focus();
  });
}

let asking = null;

export async function mayLeave(key) {
  if (!key || !kept.has(key)) {
    return true;
  }
  // Two reasons to leave at once are one question.
  asking ??= ask().finally(() => {
    asking = null;
  });
  const answer = await asking;
  if (answer === "discard") {
    kept.delete(key);
  }
  return answer !== "stay";
}

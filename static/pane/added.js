/* Records that the person looked up and chose for the open email, though none of its people leads to them.

     data-file-here="ID" on a button of the record ─► its row, with a tick, among the email's records ─► filed as all others

   What was chosen is kept for each email for as long as the pane lives. */

const { htmx } = globalThis;
const MOST_EMAILS = 50;
const kept = new Map();

const place = () => document.querySelector("#filing [data-added]");
const locked = (fieldset) => Boolean(fieldset.closest("[data-choices][data-locked]"));

/* Which records can be chosen now: none without an email that can be filed, none a second time. */
export function offerChoosing(root = document) {
  const fieldset = place();
  for (const button of root.querySelectorAll("[data-file-here]")) {
    button.hidden = !fieldset || locked(fieldset);
  }
}

export function giveBack(key) {
  const fieldset = place();
  const rows = kept.get(key);
  if (fieldset && rows) {
    fieldset.querySelector("ul").innerHTML = rows.join("");
    fieldset.hidden = false;
    htmx.process(fieldset);
  }
}

function told(fieldset, box, key) {
  box.checked = true;
  const empty = document.querySelector('#foot [data-mode="nothing"] template[data-file-foot]');
  if (empty) {
    document.getElementById("foot").replaceChildren(empty.content.cloneNode(true));
  }
  box.dispatchEvent(new Event("change", { bubbles: true }));
  const rows = [...fieldset.querySelectorAll("li[data-record]")].map((row) => row.outerHTML);
  if (rows.length) {
    kept.delete(key);
    kept.set(key, rows);
    if (kept.size > MOST_EMAILS) {
      kept.delete(kept.keys().next().value);
    }
  }
  const reveal = () => {
    box.focus({ preventScroll: true });
    box.scrollIntoView({ block: "nearest" });
  };
  reveal();
  document.dispatchEvent(new CustomEvent("pane:chosen", { detail: { reveal } }));
}

export async function choose(button, itemKey) {
  const fieldset = place();
  const id = button.dataset.fileHere;
  const key = itemKey();
  if (!fieldset || locked(fieldset)) {
    return;
  }
  const find = () => [...document.querySelectorAll('#filing input[name="record"]')].find((box) => box.value.slice(0, 15) === id.slice(0, 15));
  if (!find()) {
    const list = fieldset.querySelector("ul");
    list.querySelector("[data-state]")?.remove();
    button.setAttribute("aria-busy", "true");
    await htmx.ajax("POST", fieldset.dataset.url, { source: fieldset, target: list, swap: "beforeend", values: { record_id: id } }).catch(() => {});
    button.removeAttribute("aria-busy");
  }
  const box = find();
  if (box && key === itemKey() && fieldset.isConnected) {
    fieldset.hidden = !fieldset.querySelector("li");
    told(fieldset, box, key);
  } else if (fieldset.querySelector("[data-state]")) {
    // What went wrong stands where the record would.
    fieldset.hidden = false;
    document.dispatchEvent(new CustomEvent("pane:chosen", { detail: { reveal: () => {} } }));
  }
}

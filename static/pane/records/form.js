/* The form of a record: picklists that depend on others, and lookups that search as one types. */

const WAIT_MS = 150;

/* After an answer with a form was painted. `session` as in session.js. */
export function prepareForm(form, session) {
  for (const dependent of form.querySelectorAll("[data-rules]")) {
    follow(form, dependent);
  }
  for (const lookup of form.querySelectorAll("[data-lookup]")) {
    prepareLookup(lookup, form.dataset.lookupUrl, session);
  }
}

/* Only what goes with the controlling field can be chosen; what no longer goes with it is taken back. */
function follow(form, dependent) {
  const rules = JSON.parse(dependent.dataset.rules);
  const { controller } = dependent.dataset;
  const choices = [...dependent.querySelectorAll("option, input[type=checkbox]")].filter((choice) => choice.value !== "");
  const told = () => {
    const fields = [...form.elements].filter((field) => field.name === controller);
    if (!fields.length) {
      return null;
    }
    return fields[0].type === "checkbox" ? String(fields[0].checked) : fields[0].value;
  };
  const apply = (changed) => {
    const value = told();
    if (value === null) {
      return;
    }
    let any = false;
    let taken = false;
    for (const choice of choices) {
      const fits = (rules[choice.value] || []).includes(value);
      const chosen = choice.selected || choice.checked;
      any ||= fits;
      choice.disabled = !fits && !(chosen && !changed);
      const row = choice.matches("option") ? choice : choice.closest("label");
      row.hidden = choice.disabled;
      if (choice.disabled && chosen) {
        taken = true;
        choice.selected = false;
        choice.checked = false;
      }
    }
    dependent.disabled = !any && !choices.some((choice) => choice.selected || choice.checked);
    if (taken) {
      if (dependent.matches("select")) {
        dependent.value = "";
      }
      dependent.dispatchEvent(new Event("change", { bubbles: true }));
    }
  };
  const listen = ({ target }) => target.name === controller && apply(true);
  form.addEventListener("change", listen);
  form.addEventListener("edits:given", listen);
  apply(false);
}

/* A combobox with a list: typing searches, arrows choose, Enter takes, Escape closes; what was typed without a choice is
   taken back when it is left. */
function prepareLookup(lookup, url, session) {
  const input = lookup.querySelector("[role=combobox]");
  const id = lookup.querySelector("[data-lookup-id]");
  const list = lookup.querySelector("[role=listbox]");
  let chosen = { id: id.value, name: input.value };
  let timer = 0;
  let asked = null;

  const options = () => [...list.querySelectorAll("[data-id]")];
  const active = () => list.querySelector("[aria-selected=true]");

  function close() {
    clearTimeout(timer);
    asked?.abort();
    list.hidden = true;
    list.replaceChildren();
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function mark(option) {
    active()?.setAttribute("aria-selected", "false");
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) {
      input.setAttribute("aria-activedescendant", option.id);
    } else {
      input.removeAttribute("aria-activedescendant");
    }
  }

  function take(next) {
    const changed = next.id !== id.value;
    chosen = next;
    id.value = next.id;
    input.value = next.name;
    close();
    if (next.id && lookup.dataset.takes) {
      const other = lookup.closest("form").querySelector(`input[name="${lookup.dataset.takes}"][value="other"]`);
      other.checked = true;
      other.dispatchEvent(new Event("change", { bubbles: true }));
    }
    if (changed) {
      id.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }

  async function search() {
    asked?.abort();
    const mine = new AbortController();
    asked = mine;
    const query = new URLSearchParams({ objects: lookup.dataset.objects, q: input.value });
    try {
      const answer = await fetch(`${url}?${query}`, {
        credentials: "omit",
        cache: "no-store",
        signal: mine.signal,
        headers: { Authorization: `Bearer ${await session.get()}` },
      });
      if (!answer.ok || mine.signal.aborted) {
        return;
      }
      // The server's own partial, in which every value is escaped; parsed apart from the page.
      const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
      list.replaceChildren(...parsed.body.childNodes);
      list.hidden = !list.childElementCount;
      input.setAttribute("aria-expanded", String(!list.hidden));
      mark(options()[0]);
    } catch (error) {
      if (error.name !== "AbortError") {
        close();
      }
    }
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    if (input.value.trim() === "") {
      take({ id: "", name: "" });
      return;
    }
    timer = setTimeout(search, WAIT_MS);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      close();
      return;
    }
    if (event.key === "Enter") {
      // Never sends the form from here.
      event.preventDefault();
      const option = active();
      if (option) {
        take({ id: option.dataset.id, name: option.dataset.name });
      }
      return;
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && options().length) {
      event.preventDefault();
      const all = options();
      mark(all[(all.indexOf(active()) + step + all.length) % all.length]);
    }
  });
  list.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const option = event.target.closest("[data-id]");
    if (option) {
      take({ id: option.dataset.id, name: option.dataset.name });
    }
  });
  input.addEventListener("blur", () => {
    close();
    input.value = chosen.name;
  });
  // What was kept of an earlier visit.
  const given = () => {
    chosen = { id: id.value, name: input.value };
  };
  id.addEventListener("edits:given", given);
  input.addEventListener("edits:given", given);
}

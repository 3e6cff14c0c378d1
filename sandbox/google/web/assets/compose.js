/* A window for writing: recipients become chips, and what is written is kept as a draft while it is written. */

import { el, number } from "./dom.js";
import { order } from "./server.js";
import { word } from "./words.js";

const SAVED_AFTER_MS = 1500;
const ADDRESS = /^(?:\s*"?([^"<>]*?)"?\s*<([^<>\s]+@[^<>\s]+)>|\s*([^<>\s,;]+@[^<>\s,;]+))\s*$/;

let begun = 0;

export function compose(host, { to = [], cc = [], bcc = [], subject = "", text = "", answers = "", draft = null, done, failed }) {
  begun += 1;
  const fresh = `msg-a:r-${BigInt(Date.now()) * 1000n + BigInt(begun)}`;
  const held = { id: draft?.id || "", permId: draft?.permId || fresh };
  let timer = 0;
  let ended = false;
  let saving = Promise.resolve();
  const fields = {};

  const hidden = el("input", { type: "hidden", name: "draft", value: `#${held.permId}` });
  const subjectBox = el("input", { class: "aoT sb-input", name: "subjectbox", placeholder: word("subject"), "aria-label": word("subject"), maxlength: "2000", dir: "auto" });
  subjectBox.value = subject;
  const body = el("div", {
    class: "Am aiL Al editable LW-avf tS-tW sb-editor",
    contenteditable: "true",
    role: "textbox",
    "aria-multiline": "true",
    "aria-label": word("body"),
    g_editable: "true",
    tabindex: "1",
    id: number(),
    dir: "auto",
  });
  body.innerText = text;
  const note = el("p", { class: "sb-problem", role: "alert" });
  const form = el("form", { class: "bAs sb-form", on: { submit: (event) => event.preventDefault() } }, hidden);
  for (const [kind, people] of [["to", to], ["cc", cc], ["bcc", bcc]]) {
    fields[kind] = peopleField(kind, people, later);
    form.append(fields[kind].root);
  }
  form.append(el("div", { class: "aoD az6" }, subjectBox));
  const title = el("h2", { class: "aYF sb-compose-title", id: number() }, el("span", { text: word("message") }));
  const window_ = el(
    "div",
    { class: "nH Hd sb-compose", role: "dialog", "aria-labelledby": title.id, tabindex: "-1", "data-legacy-message-id": draft?.id || null, "data-message-id": `#${held.permId}` },
    el(
      "div",
      { class: "aoI sb-compose-in", role: "region" },
      el("header", { class: "Hp sb-compose-head" }, title, el("button", { class: "Ha sb-button", type: "button", "aria-label": word("close"), text: "×", on: { click: close } })),
      form,
      el("div", { class: "aO7 sb-editor-in" }, body),
      note,
      el(
        "footer",
        { class: "btC sb-compose-foot" },
        el("div", { class: "T-I J-J5-Ji aoO v7 T-I-atl L3 sb-button sb-main", role: "button", tabindex: "1", "aria-label": `${word("send")} ‪(Ctrl-Enter)‬`, "data-tooltip": `${word("send")} ‪(Ctrl-Enter)‬`, text: word("send"), on: { click: send, keydown: (event) => event.key === "Enter" && send() } }),
        el("button", { class: "og T-I-J3 sb-button", type: "button", text: word("discard"), on: { click: discard } }),
      ),
    ),
  );
  window_.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      close();
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      send();
    }
  });
  for (const part of [subjectBox, body]) {
    part.addEventListener("input", later);
  }

  function letter() {
    return {
      to: fields.to.people(),
      cc: fields.cc.people(),
      bcc: fields.bcc.people(),
      subject: subjectBox.value,
      text: body.innerText,
      answers,
      draft: held.id,
    };
  }

  function later() {
    clearTimeout(timer);
    note.textContent = "";
    timer = setTimeout(save, SAVED_AFTER_MS);
  }

  function save() {
    saving = saving.then(async () => {
      if (ended) {
        return;
      }
      try {
        const told = await order("draft", letter());
        held.id = told.id;
        hidden.value = `#${held.permId}`;
        hidden.setAttribute("value", `#${held.permId}`);
      } catch (error) {
        note.textContent = error.message;
      }
    });
    return saving;
  }

  async function send() {
    clearTimeout(timer);
    for (const field of Object.values(fields)) {
      field.take();
    }
    await saving;
    try {
      const told = await order("send", letter());
      end();
      done("sent", told);
    } catch (error) {
      note.textContent = error.message;
    }
  }

  async function close() {
    clearTimeout(timer);
    if (subjectBox.value || body.innerText.trim() || Object.values(fields).some((field) => field.people().length)) {
      await save();
    }
    end();
    done("closed", held);
  }

  async function discard() {
    clearTimeout(timer);
    await saving;
    end();
    if (held.id) {
      await order("act", { id: held.id, kind: "trash" }).catch(failed);
    }
    done("discarded", held);
  }

  function end() {
    ended = true;
    window_.remove();
  }

  host.append(window_);
  (to.length ? body : fields.to.input).focus();
  return { root: window_, close };
}

/* A field whose addresses turn into chips at Enter, comma, semicolon or when it is left. */
function peopleField(kind, people, changed) {
  const chips = el("div", { class: "sb-chips", role: "listbox" });
  const input = el("input", { class: "agP aFw sb-input", role: "combobox", "aria-label": word(kind), "aria-expanded": "false", autocomplete: "off", type: "text", peoplekit_id: "", dir: "auto" });
  const root = el("div", { class: "anm sb-field", name: kind }, el("span", { class: "sb-kind", text: word(kind) }), chips, input);

  function add({ name, email }) {
    const chip = el(
      "div",
      { class: "afV sb-chip", role: "option", "data-hovercard-id": email, "data-name": name || null, tabindex: "-1", "aria-label": name || email },
      el("div", { class: "akl", text: name || email, translate: "no", dir: "auto" }),
      el("button", { class: "afX sb-chip-off", type: "button", "aria-label": `× ${email}`, text: "×", on: { click: () => (chip.remove(), changed()) } }),
    );
    chip.person = { name, email };
    chips.append(chip);
  }

  function take() {
    for (const piece of input.value.split(/[,;]/)) {
      const found = ADDRESS.exec(piece);
      if (found) {
        add({ name: found[1] || "", email: found[2] || found[3] });
        input.value = input.value.replace(piece, "").replace(/^[\s,;]+/, "");
        changed();
      }
    }
  }

  input.addEventListener("keydown", (event) => {
    if (["Enter", ",", ";", "Tab"].includes(event.key) && input.value.trim()) {
      if (event.key !== "Tab") {
        event.preventDefault();
      }
      take();
    } else if (event.key === "Backspace" && !input.value && chips.lastElementChild) {
      chips.lastElementChild.remove();
      changed();
    }
  });
  input.addEventListener("blur", take);
  input.addEventListener("input", changed);
  people.forEach(add);
  const written = ({ name, email }) => (name ? `"${name.replace(/["\\]/g, "")}" <${email}>` : email);
  return { root, input, take, people: () => [...chips.children].map((chip) => written(chip.person)) };
}

/* A list of conversations: a table whose rows are made anew, as other elements, whenever something has changed. */

import { decoded, el, number } from "./dom.js";
import { tokenOf } from "./ids.js";
import { order, read } from "./server.js";
import { shortTime, word } from "./words.js";

// A paper clip, drawn here.
const CLIP = `data:image/svg+xml,${encodeURIComponent('<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16" fill="none" stroke="#808080" stroke-width="1.5"><path d="M12 7 7.5 11.5a2 2 0 0 1-3-3L9.500 3.500a3 3 0 0 1 4 4.500L8.500 13"/></svg>')}`;
const { email: own } = document.body.dataset;

export function makeList({ view, argument, open, failed, counted }) {
  const body = el("tbody");
  const note = el("p", { class: "sb-note", role: "status" });
  const older = el("button", { class: "sb-button sb-older", type: "button", text: word("older"), hidden: true });
  const root = el(
    "div",
    { class: "ae4 UI sb-list" },
    el("div", { class: "Cp" }, el("div", {}, el("table", { class: "F cf zt sb-table", role: "grid", id: number() }, body))),
    note,
    older,
  );
  let next = null;
  let shown = [];
  let state = null;

  async function load(start = 0, force = false) {
    try {
      const told = await read("list", { view, argument, start });
      counted(told);
      if (!force && start === 0 && told.state === state) {
        return;
      }
      state = told.state;
      next = told.next;
      shown = start ? [...shown, ...told.rows] : told.rows;
      body.replaceChildren(...shown.map((row) => tableRow(row, open)));
      note.textContent = shown.length ? "" : word("empty");
      older.hidden = next === null;
    } catch (error) {
      failed(error);
    }
  }

  older.addEventListener("click", () => load(next, true));
  return { root, load };
}

function tableRow(row, open) {
  const press = () => open(tokenOf(row.permId), row.id, row.permId);
  const subject = row.subject || word("noSubject");
  const names = el("span", { class: "bA4 sb-names" });
  const first = row.senders.filter(({ email }, at, all) => all.findIndex((one) => one.email === email) === at);
  first.slice(-3).forEach((sender, at) => {
    const isOwn = sender.email === own;
    names.append(at ? ", " : "");
    names.append(
      el("span", {
        class: sender.unread ? "zF" : "yP",
        email: sender.email,
        name: isOwn ? word("me") : sender.name || sender.email,
        "data-hovercard-id": sender.email,
        text: isOwn ? word("me") : sender.name || sender.email,
        dir: "auto",
      }),
    );
  });
  const thread = {
    "data-thread-id": `#${row.permId}`,
    "data-legacy-thread-id": row.id,
    "data-legacy-last-message-id": row.lastId,
    "data-legacy-last-non-draft-message-id": row.lastNonDraftId,
  };
  const star = el("span", {
    class: `aXw T-KT sb-star ${row.starred ? "T-KT-Jp" : ""}`,
    role: "button",
    tabindex: "0",
    "aria-label": word("star"),
    "aria-pressed": row.starred,
    on: {
      click: (event) => {
        event.stopPropagation();
        order("act", { id: row.id, kind: "star", on: !row.starred });
        event.currentTarget.setAttribute("aria-pressed", String(!row.starred));
        row.starred = !row.starred;
      },
    },
  });
  return el(
    "tr",
    {
      class: `zA ${row.unread ? "zE sb-unread" : "yO"} sb-row`,
      id: number(),
      role: "row",
      tabindex: "-1",
      on: { click: press, keydown: (event) => event.key === "Enter" && press() },
    },
    el("td", { class: "apU xY sb-cell" }, star),
    el(
      "td",
      { class: "yX xY sb-cell sb-who", role: "gridcell", tabindex: "-1" },
      el("div", { class: "yW" }, names, row.count > 1 ? el("span", { class: "bx0 sb-count", text: String(row.count) }) : null),
    ),
    el(
      "td",
      { class: "xY a4W sb-cell sb-what", role: "gridcell", tabindex: "0" },
      el(
        "div",
        { class: "xS", role: "link" },
        el(
          "div",
          { class: "xT" },
          ...row.labels.map((name) => el("div", { class: "ar as sb-label" }, el("div", { class: "at" }, el("div", { class: "av", text: name, dir: "auto" })))),
          el(
            "div",
            { class: "y6" },
            el("span", { class: "bog" }, el("span", { class: "bqe", ...thread, text: subject, dir: "auto" })),
            el("span", { class: "y2 sb-snippet", dir: "auto" }, el("span", { class: "Zt", text: " - " }), decoded(row.snippet)),
          ),
        ),
      ),
    ),
    el("td", { class: "yf xY sb-cell" }, row.hasFiles ? el("img", { class: "yE", src: CLIP, alt: word("attachment"), title: word("attachment") }) : null),
    el("td", { class: "xW xY sb-cell sb-when" }, el("span", { title: new Date(row.at).toString(), id: number() }, el("span", { text: shortTime(row.at) }))),
  );
}

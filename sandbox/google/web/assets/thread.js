/* One conversation: a heading and its messages, of which the last is open and the others are closed; with many of them
   those between are folded together until somebody asks for them. */

import { el, fill, decoded, number } from "./dom.js";
import { longTime, shortTime, size, word } from "./words.js";

const FOLDED_FROM = 5;
const { email: own } = document.body.dataset;

export function makeThread(told, { answer, act }) {
  const messages = el("div", { class: "aHU hx", role: "list" });
  const last = told.messages.length - 1;
  const isHidden = (at) => told.messages.length >= FOLDED_FROM && at > 0 && at < last - 1;
  const hidden = told.messages.filter((_, at) => isHidden(at));
  const parts = told.messages.map((message, at) => () => part(message, at === last || message.unread));
  told.messages.forEach((_, at) => {
    if (!isHidden(at)) {
      messages.append(parts[at]());
    } else if (at === 1) {
      messages.append(
        el("div", { class: "kQ bg adx sb-folded", role: "listitem" }, el("button", {
          class: "sb-button",
          type: "button",
          text: String(hidden.length),
          "aria-label": `${hidden.length} ${word("mail")}`,
          on: { click: (event) => event.currentTarget.closest("div").replaceWith(...hidden.map((one) => parts[told.messages.indexOf(one)]())) },
        })),
      );
    }
  });

  function part(message, isOpen) {
    const holder = el("div", { role: "listitem", "aria-expanded": isOpen, tabindex: "-1", class: isOpen ? "h7 sb-message" : "kv sb-message", id: number() });
    const show = (open) => {
      holder.setAttribute("aria-expanded", String(open));
      holder.replaceWith(part(message, open));
    };
    holder.append(message.isDraft ? draftPart(message) : isOpen ? openPart(message, show) : closedPart(message, show));
    return holder;
  }

  function frame(message, isOpen, ...children) {
    return el(
      "div",
      {
        class: `adn ads sb-body ${isOpen ? "sb-open" : "sb-closed"}`,
        "data-message-id": `#${message.permId}`,
        "data-legacy-message-id": message.id,
      },
      el("div", { class: "gs" }, ...children),
    );
  }

  function sender(message) {
    const { name, email } = message.from;
    return el(
      "span",
      { class: "qu", translate: "no", tabindex: "-1", role: "gridcell" },
      el("span", { class: "gD sb-from", email, name: name || email, "data-hovercard-id": email }, el("span", { text: name || email, dir: "auto" })),
      email && name ? el("span", { class: "cfXrwd" }, el("span", { class: "go sb-address", text: ` <${email}>`, dir: "ltr" })) : null,
    );
  }

  function closedPart(message, show) {
    return frame(
      message,
      false,
      el(
        "div",
        { class: "gE iv gt sb-head", role: "button", tabindex: "0", on: { click: () => show(true), keydown: (event) => event.key === "Enter" && show(true) } },
        sender(message),
        el("span", { class: "iA g6 sb-snippet", text: decoded(message.snippet), dir: "auto" }),
        el("span", { class: "g3 sb-when", title: longTime(message.at), text: shortTime(message.at) }),
      ),
    );
  }

  function openPart(message, show) {
    const people = el("span", { class: "hb sb-people" });
    for (const [kind, list] of [["to", message.to], ["cc", message.cc], ["bcc", message.bcc]]) {
      if (list.length) {
        people.append(el("span", { class: "sb-kind", text: `${word(kind)} ` }));
      }
      list.forEach(({ name, email }, at) => {
        people.append(at ? ", " : "");
        people.append(el("span", { class: "g2", email, name: name || email, "data-hovercard-id": email, text: email === own ? word("me") : name || email, dir: "auto" }));
      });
      people.append(" ");
    }
    const files = message.files.map((file) =>
      el(
        "span",
        { class: "aZo N5jrZb sb-file", download_url: `${file.type}:${file.name}:${window.location.origin}/mail/u/` },
        el("span", { class: "aV3 zzV0ie", text: file.name, dir: "auto" }),
        el("span", { class: "SaH2Ve sb-size", text: size(file.size) }),
      ),
    );
    return frame(
      message,
      true,
      el(
        "div",
        { class: "gE iv gt sb-head" },
        el("div", { class: "sb-headline" }, el("h3", { class: "iw sb-plain" }, sender(message)), el("span", { class: "g3 sb-when", title: longTime(message.at), text: longTime(message.at), alt: longTime(message.at) })),
        el("div", { class: "ajy", role: "button", tabindex: "0", "aria-label": word("details"), on: { click: () => show(false), keydown: (event) => event.key === "Enter" && show(false) } }, people),
      ),
      el("div", { class: "ii gt" }, fill(el("div", { class: "a3s aiL sb-html", id: number(), dir: "auto" }), message.html)),
      files.length ? el("div", { class: "hq gt" }, el("div", { class: "aQH sb-files" }, ...files)) : null,
      el(
        "div",
        { class: "amn sb-answers" },
        el("span", { class: "ams bkH", role: "link", tabindex: "0", text: word("reply"), on: { click: () => answer(message, false), keydown: (event) => event.key === "Enter" && answer(message, false) } }),
        message.to.length + message.cc.length > 1
          ? el("span", { class: "ams bkI", role: "link", tabindex: "0", text: word("replyAll"), on: { click: () => answer(message, true), keydown: (event) => event.key === "Enter" && answer(message, true) } })
          : null,
      ),
    );
  }

  function draftPart(message) {
    return frame(
      message,
      false,
      el(
        "div",
        { class: "gE iv gt sb-head", role: "button", tabindex: "0", on: { click: () => act("edit", message) } },
        el("span", { class: "Rd sb-draft", text: word("draft") }),
        el("span", { class: "iA g6 sb-snippet", text: decoded(message.snippet), dir: "auto" }),
      ),
    );
  }

  const button = (name, kind, on = true) => el("button", { class: "T-I sb-button", type: "button", text: word(name), on: { click: () => act(kind, told, on) } });
  return el(
    "div",
    { class: "nH sb-thread" },
    el("div", { class: "iH bzn sb-tools", role: "toolbar" }, button("back", "back"), button("archive", "archive"), button("trashIt", "trash"), button("markUnread", "read", false)),
    el(
      "div",
      { class: "nH if" },
      el(
        "div",
        { class: "ha sb-title" },
        el("h2", {
          class: "hP",
          tabindex: "-1",
          "data-thread-perm-id": told.permId,
          "data-legacy-thread-id": told.id,
          text: told.subject || word("noSubject"),
          dir: "auto",
        }),
        ...told.labels.map((name) => el("span", { class: "hN sb-label", text: name, dir: "auto" })),
      ),
      messages,
    ),
  );
}

/* The place of the pane in Gmail's page: beside the mail, or floating above it where the page is built in another way.

   It stands in a closed shadow root: scripts of the page find no way in, neither to the frame nor to its address. Within
   is nothing but our own page of the extension (frame.html) and the button that folds it. */
"use strict";

globalThis.alongsidePanel = (function () {
  const WIDTH = 320;
  const word = (name) => chrome.i18n.getMessage(name);

  const STYLE = `
    :host { all: initial; }
    .panel { position: fixed; z-index: 2147483000; display: flex; flex-direction: column; box-sizing: border-box;
      inline-size: min(${WIDTH}px, 100vw); background: #fff; color: #1f1f1f; border-inline-start: 1px solid #c4c7c5;
      font: 500 13px/20px "Google Sans Text", "Google Sans", Roboto, Arial, sans-serif; }
    .panel[data-place="beside"] { z-index: 2; inset-block: var(--top, 0) 0; inset-inline-end: 0; }
    .panel[data-place="floating"] { inset-block-end: 16px; inset-inline-end: 16px; block-size: min(640px, calc(100vh - 32px));
      border: 1px solid #c4c7c5; border-radius: 12px; overflow: hidden; box-shadow: 0 2px 12px rgb(0 0 0 / 30%); }
    .panel[data-folded] { inline-size: auto; block-size: auto; inset-block: auto 16px; inset-inline-end: 16px;
      border: 1px solid #747775; border-radius: 20px; overflow: hidden; }
    .panel[data-theme="dark"] { background: #1e1f20; color: #e3e3e3; border-color: #5c5f5e; }
    header { display: flex; align-items: center; justify-content: space-between; gap: 8px; min-block-size: 36px;
      padding-inline: 12px 4px; }
    .panel[data-folded] header { padding-inline: 4px; }
    .panel[data-folded] .name { display: none; }
    .name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    button { all: unset; box-sizing: border-box; min-inline-size: 28px; min-block-size: 28px; padding: 4px 10px; text-align: center;
      border-radius: 14px; cursor: pointer; }
    button:hover { background: rgb(128 128 128 / 20%); }
    button:focus-visible { outline: 2px solid currentColor; outline-offset: -2px; }
    iframe { flex: 1; inline-size: 100%; border: 0; background: transparent; color-scheme: normal; }
    .panel[data-folded] iframe { display: none; }
    @media (forced-colors: active) { .panel { border: 1px solid CanvasText; } }
    @media print { .panel { display: none; } }`;

  function make({ nonce, onFold }) {
    // No element whose class the page could define: that class would be given the closed root.
    const holder = document.createElement("div");
    holder.id = "alongside-pane";
    const root = holder.attachShadow({ mode: "closed" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
    root.adoptedStyleSheets = [sheet];

    const panel = document.createElement("aside");
    panel.className = "panel";
    panel.setAttribute("aria-label", word("name"));
    const head = document.createElement("header");
    const name = document.createElement("span");
    name.className = "name";
    name.textContent = word("short_name");
    const fold = document.createElement("button");
    fold.type = "button";
    const frame = document.createElement("iframe");
    frame.title = word("pane_title");
    frame.referrerPolicy = "no-referrer";
    frame.src = `${chrome.runtime.getURL("frame.html")}#${nonce}`;
    head.append(name, fold);
    panel.append(head, frame);
    root.append(panel);

    let folded = false;
    let place = "";
    let columns = null;
    let windows = [];
    let moved = new Set();

    /* Gmail's own parts at this edge make room, and get back what they had. */
    function move(elements) {
      for (const element of moved) {
        if (!elements.includes(element)) {
          element.style.removeProperty("margin-inline-end");
        }
      }
      for (const element of elements) {
        if (element.style.marginInlineEnd !== `${WIDTH}px`) {
          element.style.setProperty("margin-inline-end", `${WIDTH}px`);
        }
      }
      moved = new Set(elements);
    }

    function paint() {
      panel.dataset.place = place;
      panel.toggleAttribute("data-folded", folded);
      fold.textContent = folded ? word("short_name") : "×";
      fold.setAttribute("aria-label", word(folded ? "unfold" : "fold"));
      fold.setAttribute("aria-expanded", String(!folded));
      const beside = place === "beside" && !folded && innerWidth >= 3 * WIDTH;
      move(beside ? [columns, ...windows].filter(Boolean) : []);
      // Below Gmail's own bar, with its search and its account.
      panel.style.setProperty("--top", `${Math.max(0, Math.round(columns?.getBoundingClientRect().top ?? 0))}px`);
    }

    fold.addEventListener("click", () => onFold(!folded));
    panel.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !folded) {
        event.stopPropagation();
        onFold(true);
      }
    });
    addEventListener("resize", paint);

    return {
      /* Into the page, where Gmail may have thrown it out. */
      stand() {
        if (!holder.isConnected) {
          document.documentElement.append(holder);
        }
      },

      /* `beside` the mail, within Gmail's own `element` and with room in `others`; or `floating`. */
      put(where, element, others) {
        place = where;
        columns = element;
        windows = others;
        paint();
      },

      /* This script is over: another one of a newer extension may come. */
      go() {
        removeEventListener("resize", paint);
        move([]);
        holder.remove();
      },

      dress({ theme, direction }) {
        panel.dataset.theme = theme;
        panel.dir = direction;
      },

      fold(value) {
        folded = value;
        paint();
      },

      folded: () => folded,

      /* The keyboard into the pane, or onto its button while it is folded. */
      focus() {
        (folded ? fold : frame).focus();
      },

      holds: (element) => element === holder,
    };
  }

  return { make };
})();

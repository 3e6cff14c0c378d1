/* What is open in Gmail's page, read by `alongsideSelectors`. Everything here is a hint: the page may say what it likes.

     conversation ─► the message in it that is open ─► ids, and the people that the page shows
     compose window with the keyboard in it ─► compose            nothing of these ─► null */
"use strict";

globalThis.alongsideReading = (function () {
  const { alongsideReferences, alongsideSelectors: where } = globalThis;
  const HEX = /^[0-9a-f]{1,20}$/;
  const ADDRESS = /[^\s<>()[\]"',;:@]{1,64}@[A-Za-z0-9.-]{1,253}\.[A-Za-z0-9-]{2,63}/;
  const WHOLE_ADDRESS = new RegExp(`^${ADDRESS.source}$`);
  const MOST_ADDRESS = 320;
  const MOST_LABEL = 2048;
  const UNITS = { "": 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 };
  const MOST_PEOPLE = 500;
  const MOST_FILES = 100;

  function all(root, selectors) {
    for (const selector of selectors) {
      const found = [...root.querySelectorAll(selector)];
      if (found.length) {
        return found;
      }
    }
    return [];
  }

  const first = (root, selectors) => all(root, selectors)[0] || null;
  const seen = (element) => element.checkVisibility?.({ visibilityProperty: true }) ?? true;
  const short = (value, most) => String(value || "").slice(0, most);

  /* The API's id out of one of the attributes: hexadecimal as it is, `msg-f:` and `thread-f:` by their decimal. What a
     message has before Gmail's server knows it (`msg-a:`) is no id yet. */
  function idOf(element, attributes) {
    for (const name of attributes) {
      const text = (element.getAttribute(name) || "").replace(/^#/, "");
      if (HEX.test(text)) {
        return text;
      }
      const decimal = /^(?:msg|thread)-f:([0-9]{1,20})$/.exec(text);
      if (decimal) {
        return BigInt(decimal[1]).toString(16);
      }
    }
    return "";
  }

  function person(element) {
    const address = element?.getAttribute("email") || "";
    const isOne = address.length <= MOST_ADDRESS && WHOLE_ADDRESS.test(address);
    return isOne ? { address, name: short(element.getAttribute("name"), 256) } : null;
  }

  function people(elements) {
    const found = new Map();
    for (const one of elements.slice(0, MOST_PEOPLE).map(person).filter(Boolean)) {
      found.set(one.address.toLowerCase(), one);
    }
    return [...found.values()];
  }

  /* In bytes, as far as the page's own words let it be known. */
  function sizeOf(text) {
    const found = /([0-9]+(?:[.,][0-9]+)?)[\s\u00a0]*([KMG]?)/i.exec(text || "");
    return found ? Math.round(Number(found[1].replace(",", ".")) * UNITS[found[2].toUpperCase()]) : 0;
  }

  function attachments(message) {
    return all(message, where.attachment)
      .slice(0, MOST_FILES)
      .map((element, place) => {
        const found = /^([^:]*):(.*?):https?:/.exec(element.getAttribute("download_url") || "");
        const size = sizeOf(first(element, where.attachmentSize)?.textContent);
        return found && size ? { key: `page-${place}`, name: short(found[2], 255), size, content_type: short(found[1], 127) } : null;
      })
      .filter(Boolean);
  }

  function view() {
    return all(document, where.view).find(seen) || null;
  }

  const composing = () => all(document, where.compose).filter(seen);
  const isWritten = (element) => where.compose.some((selector) => element.closest(selector));

  /* The message with the keyboard in it, else the last one that is open. */
  function openMessage(root) {
    const messages = all(root, where.open).concat(all(root, where.messages)).filter((one) => seen(one) && !isWritten(one));
    const open = all(root, where.open).filter((one) => seen(one) && !isWritten(one));
    const among = open.length ? open : messages;
    return among.find((one) => one.contains(document.activeElement)) || among.at(-1) || null;
  }

  function message(account) {
    const root = view();
    const heading = root && all(root, where.thread).find(seen);
    if (!heading) {
      return null;
    }
    const shown = openMessage(root);
    const key = shown ? idOf(shown, where.messageIds) : "";
    if (!key) {
      return shown ? { kind: "unsupported", waits: true } : null;
    }
    const from = person(first(shown, where.from));
    const hint = {
      item_key: key,
      conversation_id: idOf(heading, where.threadIds),
      subject: short(heading.textContent.trim(), 998),
      to: people(all(shown, where.to)),
      attachments: attachments(shown),
      ...(from ? { from } : {}),
      ...(account ? { account } : {}),
    };
    return { kind: "message", hint };
  }

  return {
    /* The address of the account whose mailbox the page shows, "" where the page does not say. */
    account() {
      const told = first(document, where.account)?.getAttribute("aria-label");
      const found = ADDRESS.exec(short(told, MOST_LABEL)) || ADDRESS.exec(short(document.title, MOST_LABEL));
      return found ? found[0].toLowerCase() : "";
    },

    /* What is open: an item of the host bridge, or null. `waits`: Gmail has not given it an id yet. */
    item() {
      const account = this.account();
      const mailbox = account ? { mailbox: { address: account, kind: "own" } } : {};
      const written = composing();
      const writing = written.some((one) => one.contains(document.activeElement));
      const read = writing ? null : message(account);
      if (read) {
        return { ...read, ...mailbox };
      }
      return written.length ? { kind: "compose", ...mailbox } : null;
    },

    /* What the message of that key refers to, where it is the one that is open; its text stays here. */
    references(key, org) {
      const root = view();
      const shown = root && openMessage(root);
      if (!shown || idOf(shown, where.messageIds) !== key) {
        return [];
      }
      const bodies = all(shown, where.body);
      const links = bodies.flatMap((body) => [...body.querySelectorAll("a[href]")].map((link) => link.href));
      return alongsideReferences.within([...links, ...bodies.map((body) => body.innerText)].join("\n"), org);
    },

    /* Whether the page is built as it was when this was written; else the pane floats. */
    fits: () => view() !== null && first(document, where.columns) !== null,

    columns: () => first(document, where.columns),

    windows: () => all(document, where.windows),

    /* By how bright the page's own background is. */
    theme() {
      for (const element of [document.body, document.documentElement]) {
        const rgb = getComputedStyle(element).backgroundColor.match(/[0-9.]+/g)?.map(Number);
        if (rgb && (rgb.length < 4 || rgb[3] > 0)) {
          return 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2] < 128 ? "dark" : "light";
        }
      }
      return "light";
    },

    direction: () => (getComputedStyle(document.body).direction === "rtl" ? "rtl" : "ltr"),
  };
})();

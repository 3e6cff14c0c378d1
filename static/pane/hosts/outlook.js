/* Outlook as a host of the pane, through Office.js in the same page. Nothing else in the pane knows of Office.

   What a host answers: docs/host-bridge.md, "In the same page". What it says of the open item is read by the same shapes
   as what comes over the bridge.

   https://learn.microsoft.com/javascript/api/outlook/office.messageread */

import { readItem } from "../bridge_shapes.js";
import { HostGone, HostRefused } from "./common.js";
import { askPerson, hasDialogs, isOwnServer, isSetSupported, proof } from "./outlook_sign_in.js";

const { Office } = globalThis;
const REACHABLE_WITHIN_MS = 10_000;

export const host = {
  client: "outlook",
  locale: undefined,

  async ready() {
    await new Promise((resolve, reject) => {
      if (!Office) {
        reject(new HostGone());
        return;
      }
      const timer = setTimeout(() => reject(new HostGone()), REACHABLE_WITHIN_MS);
      Office.onReady(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    this.locale = Office.context.displayLanguage || undefined;
  },

  /* F6 and where the focus goes are Outlook's own; to where it was within the pane it is put back. */
  can: (name) => (name === "dialog" && hasDialogs()) || (name === "compose" && canMark()),
  onFocus(take) {
    globalThis.addEventListener("focus", () => take("back"));
  },
  leave: () => false,
  openLink: () => false,

  itemKey() {
    const item = Office.context.mailbox?.item;
    return item ? keyOf(item) || `${isDraft(item) ? "draft" : "other"} ${item.conversationId || ""}` : "";
  },

  async current() {
    const item = Office.context.mailbox?.item;
    if (!item) {
      return { kind: "none" };
    }
    const mailbox = await mailboxOf(item);
    if (isDraft(item)) {
      return readItem({ kind: "compose", mailbox });
    }
    if (item.itemType === Office.MailboxEnums.ItemType.Appointment) {
      return readItem({ kind: "appointment", mailbox });
    }
    if (item.itemType !== Office.MailboxEnums.ItemType.Message || !keyOf(item)) {
      return { kind: "unsupported" };
    }
    return readItem({ kind: "message", mailbox, hint: await hintOf(item) });
  },

  /* What the open message refers to; nothing where this Outlook does not give its text. */
  async references(_itemKey, org) {
    const message = Office.context.mailbox?.item?.body;
    if (typeof message?.getAsync !== "function") {
      return [];
    }
    const html = await new Promise((resolve) => {
      message.getAsync("html", (answer) => resolve(answer.status === Office.AsyncResultStatus.Succeeded ? String(answer.value) : ""));
    });
    return globalThis.alongsideReferences.within(html, org);
  },

  onItemChanged(changed) {
    // The event can be missing, late, or told twice: only the key of the open item decides, and it is asked regularly.
    let seen = this.itemKey();
    const compare = () => {
      const now = this.itemKey();
      if (now !== seen) {
        seen = now;
        changed();
      }
    };
    Office.context.mailbox.addHandlerAsync(Office.EventType.ItemChanged, compare);
    setInterval(compare, 1000);
    document.addEventListener("visibilitychange", compare);
    globalThis.addEventListener("focus", compare);
  },

  onTheme(apply) {
    const system = globalThis.matchMedia("(prefers-color-scheme: dark)");
    const tell = () => apply(themeOf(Office.context.officeTheme) || (system.matches ? "dark" : "light"));
    tell();
    system.addEventListener("change", tell);
    if (Office.EventType.OfficeThemeChanged) {
      Office.context.mailbox?.addHandlerAsync(Office.EventType.OfficeThemeChanged, (event) => {
        apply(themeOf(event?.officeTheme || Office.context.officeTheme) || (system.matches ? "dark" : "light"));
      });
    }
  },

  proof() {
    return proof((url, last) => this.dialog(url, last));
  },

  askPerson,

  /* For the draft that is open now, whatever is open once the answer comes. */
  compose: {
    state(name) {
      const { item } = Office.context.mailbox;
      return import("./outlook_marks.js").then((marks) => marks.state(item, name));
    },
    mark(marked, name) {
      const { item } = Office.context.mailbox;
      return import("./outlook_marks.js").then((marks) => marks.mark(item, marked, name));
    },
    onChange() {},
  },

  /* What is shown where a person has to sign in first: not everybody has an account that Microsoft knows. */
  signInState: () => (isOwnServer() ? "sign-in-own-server" : "sign-in"),

  dialog(url, last) {
    return new Promise((resolve, reject) => {
      if (!hasDialogs()) {
        reject(new HostRefused("unsupported"));
        return;
      }
      Office.context.ui.displayDialogAsync(url, { height: 70, width: 35, promptBeforeOpen: false }, (opened) => {
        if (opened.status !== Office.AsyncResultStatus.Succeeded) {
          reject(new HostRefused("unavailable", opened.error?.message));
          return;
        }
        const dialog = opened.value;
        dialog.addEventHandler(Office.EventType.DialogMessageReceived, (event) => {
          if (event.origin !== undefined && event.origin !== globalThis.location.origin) {
            return;
          }
          if (last(event.message)) {
            dialog.close();
            resolve(event.message);
          }
        });
        dialog.addEventHandler(Office.EventType.DialogEventReceived, () => resolve(null));
      });
    });
  },
};

/* Whose mailbox it is in: only an item of a shared folder or mailbox can say so (Mailbox 1.8, 1.13).
   https://learn.microsoft.com/office/dev/add-ins/outlook/delegate-access */
async function mailboxOf(item) {
  const own = Office.context.mailbox.userProfile?.emailAddress || "";
  if (!isSetSupported("Mailbox", "1.8") || typeof item.getSharedPropertiesAsync !== "function") {
    return { address: own, kind: "own" };
  }
  const shared = await new Promise((resolve) => {
    item.getSharedPropertiesAsync((answer) => resolve(answer.status === Office.AsyncResultStatus.Succeeded ? answer.value : null));
  });
  const owner = shared?.targetMailbox || shared?.owner || "";
  const isOthers = owner && owner.toLowerCase() !== own.toLowerCase();
  return isOthers ? { address: owner, kind: "shared" } : { address: own, kind: "own" };
}

/* Categories came with Mailbox 1.8; phones and older servers have none for add-ins. */
function canMark() {
  const { mailbox } = Office.context;
  return (
    isSetSupported("Mailbox", "1.8") &&
    typeof mailbox.masterCategories?.addAsync === "function" &&
    typeof mailbox.item?.categories?.addAsync === "function"
  );
}

/* A message that is being written gives its subject only when asked. */
function isDraft(item) {
  return item.itemType === Office.MailboxEnums.ItemType.Message && typeof item.subject?.getAsync === "function";
}

/* The id in the form that Graph takes. Mobile clients give that form already. */
function keyOf(item) {
  const { mailbox } = Office.context;
  const host = mailbox.diagnostics?.hostName || "";
  if (!item.itemId || host.startsWith("OutlookIOS") || host.startsWith("OutlookAndroid")) {
    return item.itemId || "";
  }
  return mailbox.convertToRestId(item.itemId, Office.MailboxEnums.RestVersion.v2_0);
}

async function hintOf(item) {
  const [from, to, cc, subject] = await Promise.all([value(item.from), value(item.to), value(item.cc), value(item.subject)]);
  const created = item.dateTimeCreated;
  return {
    item_key: keyOf(item),
    internet_message_id: item.internetMessageId || "",
    conversation_id: item.conversationId || "",
    subject: subject || "",
    sent_at: created instanceof Date && !Number.isNaN(created.valueOf()) ? created.toISOString() : null,
    from: address(from),
    sender: address(item.sender),
    to: addresses(to),
    cc: addresses(cc),
    attachments: (item.attachments || []).map(attachment),
    item_class: item.itemClass || "IPM.Note",
  };
}

/* A property of an item is there in read mode, and asked for where it has a getter. */
function value(property) {
  if (typeof property?.getAsync !== "function") {
    return property;
  }
  return new Promise((resolve) => {
    property.getAsync((answer) => resolve(answer.status === Office.AsyncResultStatus.Succeeded ? answer.value : undefined));
  });
}

function address(details) {
  return details?.emailAddress ? { address: details.emailAddress, name: details.displayName || "" } : null;
}

function addresses(list) {
  return (list || []).map(address).filter(Boolean);
}

function attachment(details) {
  const kinds = { item: "message", cloud: "link" };
  return {
    key: details.id,
    name: details.name || "",
    size: details.size || 0,
    content_type: details.contentType || "application/octet-stream",
    kind: kinds[details.attachmentType] || "file",
    content_id: details.contentId || "",
    is_inline: Boolean(details.isInline),
  };
}

/* Light or dark, by how bright the host's own background is. */
function themeOf(theme) {
  const match = /^#?([0-9a-f]{6})$/i.exec(theme?.bodyBackgroundColor || "");
  if (!match) {
    return "";
  }
  const number = Number.parseInt(match[1], 16);
  const [red, green, blue] = [number >> 16, (number >> 8) & 255, number & 255];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue < 128 ? "dark" : "light";
}

/* Outlook as a host of the pane, through Office.js. Nothing else in the pane knows of Office.

   A host answers:
     ready()            resolves when the mail client can be asked
     current()          {kind: "message", hint} | {kind: "none"} | {kind: "draft"} | {kind: "unsupported"}
     itemKey()          tells what is open now from what else could be, "" for nothing: cheap, asked often
     onItemChanged(f)   f() after another item was opened
     onTheme(f)         f("light" | "dark") now and on change
     identityToken()    the person's access token for our API
     dialog(url, last)  opens a dialog; resolves with the message for which last(message) holds, null when it is closed
     client, locale     who it is for the server; the person's language

   https://learn.microsoft.com/javascript/api/outlook/office.messageread */

const { Office } = globalThis;
const REACHABLE_WITHIN_MS = 10_000;

export const outlook = {
  client: "outlook",
  locale: undefined,

  async ready() {
    await new Promise((resolve, reject) => {
      if (!Office) {
        reject(new Error("Office.js is not there"));
        return;
      }
      const timer = setTimeout(() => reject(new Error("Outlook does not answer")), REACHABLE_WITHIN_MS);
      Office.onReady(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    this.locale = Office.context.displayLanguage || undefined;
  },

  itemKey() {
    const item = Office.context.mailbox?.item;
    return item ? keyOf(item) || (isDraft(item) ? "draft" : "other") : "";
  },

  async current() {
    const item = Office.context.mailbox?.item;
    if (!item) {
      return { kind: "none" };
    }
    if (isDraft(item)) {
      return { kind: "draft" };
    }
    if (item.itemType !== Office.MailboxEnums.ItemType.Message || !keyOf(item)) {
      return { kind: "unsupported" };
    }
    return { kind: "message", hint: await hintOf(item) };
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

  identityToken() {
    return Office.auth.getAccessToken({ allowSignInPrompt: true, allowConsentPrompt: true });
  },

  dialog(url, last) {
    return new Promise((resolve, reject) => {
      Office.context.ui.displayDialogAsync(url, { height: 70, width: 35, promptBeforeOpen: false }, (opened) => {
        if (opened.status !== Office.AsyncResultStatus.Succeeded) {
          reject(new Error(opened.error?.message || "The dialog could not be opened"));
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

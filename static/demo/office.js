/* The shapes of Office.js for the demo: what the pane and its dialogs call, answered by the page around them.

   Runs inside the pane's frame and inside a dialog's frame. Talks to the parent window only, and believes only it.
   Follows https://learn.microsoft.com/javascript/api/office and …/api/outlook in names and in how things are called
   back; what the pane does not use is not here. */
"use strict";

(function () {
  const host = window.parent;
  const { origin } = window.location;
  const SUCCEEDED = "succeeded";
  const FAILED = "failed";

  const waiting = new Map();
  const readyCallbacks = [];
  const handlers = new Map();
  const dialogs = new Map();
  let ready = false;
  let serial = 0;
  let salesforce = null;

  // Office.js takes these away from the pages it is loaded into.
  window.history.pushState = null;
  window.history.replaceState = null;

  function tell(kind, values) {
    host.postMessage({ alongsideHost: true, kind, ...values }, origin);
  }

  function ask(kind, values) {
    serial += 1;
    const id = serial;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      tell(kind, { id, ...values });
    });
  }

  function later(callback, result) {
    if (callback) {
      setTimeout(() => callback(result), 0);
    }
  }

  function succeeded(value) {
    return { status: SUCCEEDED, value };
  }

  function itemOf(told) {
    if (!told) {
      return null;
    }
    if (told.isDraft) {
      return draftOf(told);
    }
    return Object.freeze({
      ...told,
      dateTimeCreated: new Date(told.dateTimeCreated),
      normalizedSubject: told.subject.replace(/^((re|fw|fwd|aw|wg)\s*:\s*)+/i, ""),
      body: {
        getAsync(coercion, options, callback) {
          later(typeof options === "function" ? options : callback, succeeded(""));
        },
      },
    });
  }

  // Outlook opens a draft for writing: its parts have to be asked for, and it has no id to be read by.
  function draftOf(told) {
    const asked = (value) => ({ getAsync: (options, callback) => later(typeof options === "function" ? options : callback, succeeded(value)) });
    const { itemType, itemClass, conversationId, subject, from, to, cc } = told;
    return Object.freeze({ itemType, itemClass, conversationId, subject: asked(subject), from: asked(from), to: asked(to), cc: asked(cc) });
  }

  const mailbox = {
    item: null,
    diagnostics: { hostName: "OutlookWebApp", hostVersion: "20261101.1", OWAView: "ThreeColumns" },
    userProfile: { accountType: "office365", displayName: "", emailAddress: "", timeZone: "UTC" },
    restUrl: "",
    convertToRestId(itemId) {
      return itemId.replace(/\//g, "-").replace(/\+/g, "_");
    },
    convertToEwsId(itemId) {
      return itemId.replace(/-/g, "/").replace(/_/g, "+");
    },
    addHandlerAsync(eventType, handler, options, callback) {
      handlers.set(eventType, [...(handlers.get(eventType) || []), handler]);
      later(typeof options === "function" ? options : callback, succeeded(undefined));
    },
    removeHandlerAsync(eventType, options, callback) {
      handlers.delete(eventType);
      later(typeof options === "function" ? options : callback, succeeded(undefined));
    },
  };

  function fire(eventType, values) {
    for (const handler of handlers.get(eventType) || []) {
      handler({ type: eventType, ...values });
    }
  }

  const ui = {
    displayDialogAsync(url, options, callback) {
      const done = typeof options === "function" ? options : callback;
      const settings = typeof options === "function" ? {} : options;
      if (new URL(url, window.location.href).origin !== origin) {
        later(done, { status: FAILED, error: { code: 12004, message: "The domain of the URL is not trusted." } });
        return;
      }
      ask("dialog-open", { url, width: settings.width, height: settings.height }).then(
        (dialogId) => {
          const dialog = {
            close() {
              tell("dialog-close", { dialogId });
              dialogs.delete(dialogId);
            },
            addEventHandler(eventType, handler) {
              dialogs.set(dialogId, { ...dialogs.get(dialogId), [eventType]: handler });
            },
          };
          dialogs.set(dialogId, {});
          later(done, succeeded(dialog));
        },
        (error) => later(done, { status: FAILED, error: { code: 12007, message: error.message } }),
      );
    },
    messageParent(message, options) {
      const target = options?.targetOrigin;
      if (target && target !== "*" && target !== origin) {
        return;
      }
      tell("message-parent", { message: String(message) });
    },
  };

  window.Office = {
    AsyncResultStatus: { Succeeded: SUCCEEDED, Failed: FAILED },
    EventType: {
      ItemChanged: "olkItemSelectedChanged",
      OfficeThemeChanged: "officeThemeChanged",
      DialogMessageReceived: "dialogMessageReceived",
      DialogEventReceived: "dialogEventReceived",
    },
    HostType: { Outlook: "Outlook" },
    PlatformType: { OfficeOnline: "OfficeOnline" },
    MailboxEnums: {
      ItemType: { Message: "message", Appointment: "appointment" },
      RestVersion: { v1_0: "v1.0", v2_0: "v2.0", Beta: "beta" },
      AttachmentType: { File: "file", Item: "item", Cloud: "cloud" },
    },
    context: {
      mailbox,
      ui,
      displayLanguage: navigator.language,
      officeTheme: null,
      requirements: { isSetSupported: (name, version) => name === "Mailbox" && Number(version || "1.1") <= 1.8 },
    },
    auth: {
      getAccessToken: () => ask("access-token", {}),
    },
    onReady(callback) {
      const information = { host: "Outlook", platform: "OfficeOnline" };
      return new Promise((resolve) => {
        const done = () => {
          callback?.(information);
          resolve(information);
        };
        if (ready) {
          done();
        } else {
          readyCallbacks.push(done);
        }
      });
    },
  };

  window.addEventListener("message", (event) => {
    if (event.source !== host || event.origin !== origin || !event.data?.alongsideOffice) {
      return;
    }
    const { kind, id, value, error } = event.data;
    if (kind === "answer") {
      const asked = waiting.get(id);
      waiting.delete(id);
      if (error) {
        asked?.reject(Object.assign(new Error(error), { code: 13012 }));
      } else {
        asked?.resolve(value);
      }
    } else if (kind === "hello") {
      mailbox.item = itemOf(value.item);
      Object.assign(mailbox.userProfile, value.profile);
      mailbox.restUrl = `${origin}/api`;
      salesforce = value.salesforce;
      window.Office.context.officeTheme = value.theme;
      ready = true;
      readyCallbacks.splice(0).forEach((done) => done());
    } else if (kind === "item") {
      mailbox.item = itemOf(value);
      fire(window.Office.EventType.ItemChanged, { initialData: null });
    } else if (kind === "theme") {
      window.Office.context.officeTheme = value;
      fire(window.Office.EventType.OfficeThemeChanged, { officeTheme: value });
    } else if (kind === "dialog-message") {
      dialogs.get(value.dialogId)?.dialogMessageReceived?.({ message: value.message, origin });
    } else if (kind === "dialog-closed") {
      dialogs.get(value.dialogId)?.dialogEventReceived?.({ error: 12006 });
      dialogs.delete(value.dialogId);
    }
  });

  // The sandbox's Salesforce has no pages, and no certificate that browsers know: the demo shows its records itself.
  document.addEventListener(
    "click",
    (event) => {
      const link = event.target.closest?.("a[target=_blank]");
      if (salesforce && link?.href.startsWith(`${salesforce.url}/`)) {
        event.preventDefault();
        window.open(`${salesforce.shownAt}?at=${encodeURIComponent(link.href)}`, "_blank", "noopener");
      }
    },
    true,
  );

  tell("hello", {});
})();

/* The shapes of Office.js for the demo: what the pane and its dialogs call, answered by the page around them.

   Which client it is (requirement sets, kind of ids, sign-in, theme) the page around says with `hello`; items are built
   in office_items.js. Runs inside the pane's frame and inside a dialog's frame. Talks to the parent window only, and
   believes only it. Names and ways of calling back: https://learn.microsoft.com/javascript/api/office, …/api/outlook */
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
  let met = null;
  let serial = 0;
  let shape = null;
  let salesforce = null;
  let itemOf = null;

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

  /* Calls back the last argument, as every method does whose name ends in Async. */
  function answer(given, promise) {
    const callback = [...given].find((one) => typeof one === "function");
    const options = [...given].find((one) => one && typeof one === "object");
    const done = (result) => setTimeout(() => callback?.({ asyncContext: options?.asyncContext, diagnostics: {}, ...result }), 0);
    Promise.resolve(promise).then(
      (value) => done({ status: SUCCEEDED, value, error: null }),
      (error) => done({ status: FAILED, value: undefined, error: { code: error.code || 5001, name: error.name || "InternalError", message: error.message } }),
    );
  }

  function refusal(code, name, message) {
    return Promise.reject(Object.assign(new Error(message), { code, name }));
  }

  function supports(name, version = "1.1") {
    const [have, wanted] = [shape?.sets[name], version].map((text) => (text || "0").split(".").map(Number));
    return have[0] > wanted[0] || (have[0] === wanted[0] && (have[1] || 0) >= (wanted[1] || 0));
  }

  const EventType = {
    ItemChanged: "olkItemSelectedChanged",
    RecipientsChanged: "olkRecipientsChanged",
    AppointmentTimeChanged: "olkAppointmentTimeChanged",
    OfficeThemeChanged: "officeThemeChanged",
    DialogMessageReceived: "dialogMessageReceived",
    DialogEventReceived: "dialogEventReceived",
  };
  // From which set on the object that has them knows these events.
  const SINCE = { [EventType.ItemChanged]: "1.5", [EventType.OfficeThemeChanged]: "1.14", [EventType.RecipientsChanged]: "1.7", [EventType.AppointmentTimeChanged]: "1.7" };

  /* `addHandlerAsync` and `removeHandlerAsync` of the mailbox and of items. */
  const listening = {
    addHandlerAsync(eventType, handler, ...rest) {
      if (!SINCE[eventType] || !supports("Mailbox", SINCE[eventType])) {
        answer(rest, refusal(1002, "EventTypeNotSupported", "The event type is not supported."));
        return;
      }
      handlers.set(eventType, [...(handlers.get(eventType) || []), handler]);
      answer(rest);
    },
    removeHandlerAsync(eventType, ...rest) {
      handlers.delete(eventType);
      answer(rest);
    },
  };

  function fire(eventType, values) {
    for (const handler of handlers.get(eventType) || []) {
      handler({ type: eventType, ...values });
    }
  }

  const swapped = (text, pairs) => [...text].map((letter) => pairs[letter] || letter).join("");
  const mailbox = {
    item: null,
    diagnostics: {},
    userProfile: { accountType: "", displayName: "", emailAddress: "", timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone },
    restUrl: "",
    ewsUrl: "",
    convertToRestId: (itemId, restVersion) => swapped(itemId, { "/": "-", "+": "_" }),
    convertToEwsId: (itemId, restVersion) => swapped(itemId, { "-": "/", _: "+" }),
    getUserIdentityTokenAsync(callback, userContext) {
      // Exchange Online gives none any longer. Exchange itself does, which the sandbox is not.
      answer([callback, { asyncContext: userContext }], refusal(9018, "GenericTokenError", "An internal error has occurred."));
    },
    getCallbackTokenAsync(...given) {
      answer(given, refusal(9018, "GenericTokenError", "An internal error has occurred."));
    },
    displayMessageForm(itemId) {
      tell("open-item", { itemId });
    },
    displayNewMessageForm(parameters) {
      tell("new-message", { parameters: JSON.parse(JSON.stringify(parameters || {})) });
    },
    ...listening,
  };

  /* The mailbox's own categories: an item takes no other. Each name is there once, whatever its case. */
  const colours = new Map([["Red category", "Preset0"]]);
  const known = (name) => [...colours.keys()].some((one) => one.toLowerCase() === name.toLowerCase());
  const masterCategories = {
    getAsync: (...given) => answer(given, [...colours].map(([displayName, color]) => ({ displayName, color }))),
    addAsync(categories, ...given) {
      const wrong = categories.some(({ displayName }) => !displayName || displayName.length > 255 || known(displayName));
      answer(given, wrong ? refusal(9048, "DuplicateCategory", "One of the categories provided is already in the master category list.") : categories.forEach(({ displayName, color }) => colours.set(displayName, color)));
    },
    removeAsync: (names, ...given) => answer(given, names.forEach((name) => colours.delete(name))),
  };

  const ui = {
    displayDialogAsync(url, ...rest) {
      if (new URL(url, window.location.href).origin !== origin) {
        answer(rest, refusal(12004, "DialogDomainNotTrusted", "The domain of the URL is not trusted."));
        return;
      }
      const { width, height } = rest.find((one) => typeof one !== "function") || {};
      const opened = ask("dialog-open", { url, width, height }).then(
        (dialogId) => {
          dialogs.set(dialogId, {});
          return {
            close() {
              tell("dialog-close", { dialogId });
              dialogs.delete(dialogId);
            },
            addEventHandler(eventType, handler) {
              dialogs.set(dialogId, { ...dialogs.get(dialogId), [eventType]: handler });
            },
            messageChild(message) {
              tell("message-child", { dialogId, message: String(message) });
            },
          };
        },
        (error) => refusal(12007, "DialogAlreadyOpened", error.message),
      );
      answer(rest, opened);
    },
    messageParent(message, options) {
      const target = options?.targetOrigin;
      if (target && target !== "*" && target !== origin) {
        return;
      }
      tell("message-parent", { message: String(message) });
    },
    openBrowserWindow(url) {
      window.open(url, "_blank", "noopener");
    },
    closeContainer() {
      tell("close", {});
    },
  };

  const auth = {
    getAccessToken(options) {
      return supports("IdentityAPI", "1.3") ? ask("access-token", { mayAsk: Boolean(options?.allowSignInPrompt) }) : refusal(13012, "", "This API is not supported here.");
    },
  };

  window.Office = {
    AsyncResultStatus: { Succeeded: SUCCEEDED, Failed: FAILED },
    CoercionType: { Text: "text", Html: "html" },
    EventType,
    HostType: { Outlook: "Outlook" },
    PlatformType: { PC: "PC", OfficeOnline: "OfficeOnline", Mac: "Mac", iOS: "iOS", Android: "Android", Universal: "Universal" },
    MailboxEnums: {
      ItemType: { Message: "message", Appointment: "appointment" },
      RestVersion: { v1_0: "v1.0", v2_0: "v2.0", Beta: "beta" },
      AttachmentType: { File: "file", Item: "item", Cloud: "cloud" },
      RecipientType: { DistributionList: "distributionList", ExternalUser: "externalUser", Other: "other", User: "user" },
      DelegatePermissions: { Read: 1, Write: 2, DeleteOwn: 4, DeleteAll: 8, EditOwn: 16, EditAll: 32 },
      ComposeType: { Reply: "reply", NewMail: "newMail", Forward: "forward" },
      CategoryColor: { None: "None", Preset4: "Preset4", Preset7: "Preset7" },
      ItemNotificationMessageType: { ProgressIndicator: "progressIndicator", InformationalMessage: "informationalMessage", ErrorMessage: "errorMessage" },
    },
    context: {
      mailbox,
      ui,
      displayLanguage: navigator.language,
      contentLanguage: navigator.language,
      host: "Outlook",
      platform: "OfficeOnline",
      diagnostics: { host: "Outlook", platform: "OfficeOnline", version: "" },
      officeTheme: undefined,
      requirements: { isSetSupported: (name, version) => supports(name, version === undefined ? undefined : String(version)) },
    },
    auth,
    onReady(callback) {
      return new Promise((resolve) => {
        const done = () => {
          const information = { host: "Outlook", platform: window.Office.context.platform };
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

  /* Nested app authentication: MSAL speaks to the mail client by JSON texts, each answered under its own number.
     https://github.com/AzureAD/microsoft-authentication-library-for-js, lib/msal-browser/src/naa */
  function nestedAppAuthBridge() {
    const listeners = new Set();
    const reply = (message) => listeners.forEach((listener) => setTimeout(() => listener({ data: JSON.stringify({ messageType: "NestedAppAuthResponse", ...message }) }), 0));
    return Object.freeze({
      addEventListener: (name, listener) => name === "message" && listeners.add(listener),
      removeEventListener: (name, listener) => listeners.delete(listener),
      postMessage(text) {
        const { messageType, method, requestId, tokenParams } = JSON.parse(text);
        if (messageType !== "NestedAppAuthRequest" || !requestId) {
          return;
        }
        ask("nested", { method, tokenParams: tokenParams && JSON.parse(JSON.stringify(tokenParams)) }).then(
          (told) => reply({ requestId, ...told }),
          () => reply({ requestId, success: false, error: { status: "TRANSIENT_ERROR", description: "The mail client did not answer." } }),
        );
      },
    });
  }

  function begin(told) {
    ({ shape, salesforce } = told);
    const { context } = window.Office;
    Object.assign(mailbox.diagnostics, shape.diagnostics);
    Object.assign(mailbox.userProfile, told.profile, { accountType: shape.accountType });
    mailbox.restUrl = shape.restUrl ? `${origin}/api` : "";
    mailbox.ewsUrl = shape.isOwnServer ? `${origin}/EWS/Exchange.asmx` : "";
    context.displayLanguage = told.language || navigator.language;
    context.contentLanguage = context.displayLanguage;
    context.platform = shape.platform;
    context.diagnostics = { host: "Outlook", platform: shape.platform, version: shape.diagnostics.hostVersion };
    context.officeTheme = shape.theme ? told.theme : undefined;
    if (!supports("IdentityAPI", "1.3")) {
      delete window.Office.auth;
    }
    if (!supports("DialogApi")) {
      delete ui.displayDialogAsync;
      delete ui.messageParent;
    }
    if (supports("NestedAppAuth", "1.1")) {
      window.nestedAppAuthBridge = nestedAppAuthBridge();
    }
    if (supports("Mailbox", "1.8")) {
      mailbox.masterCategories = masterCategories;
    }
    mailbox.item = itemOf(told.item);
    ready = true;
    readyCallbacks.splice(0).forEach((done) => done());
  }

  const items = import("./office_items.js").then(({ makeItems }) => {
    itemOf = makeItems({ ask, tell, answer, supports, listening, isKnownCategory: known, isMobile: () => shape.restIds });
  });

  const heard = {
    answer: ({ id, value, error, code }) => {
      const asked = waiting.get(id);
      waiting.delete(id);
      if (error) {
        asked?.reject(Object.assign(new Error(error), { code: code || 13012 }));
      } else {
        asked?.resolve(value);
      }
    },
    item: ({ value }) => {
      mailbox.item = itemOf(value);
      fire(EventType.ItemChanged, { initialData: null });
    },
    // What a client does that tells late, twice or not at all: the item is another one, or the event comes by itself.
    "item-silent": ({ value }) => {
      mailbox.item = itemOf(value);
    },
    "item-event": () => fire(EventType.ItemChanged, { initialData: null }),
    recipients: ({ value }) => fire(EventType.RecipientsChanged, { changedRecipientFields: value, initialData: null }),
    time: ({ value }) => fire(EventType.AppointmentTimeChanged, { start: new Date(value.start), end: new Date(value.end) }),
    theme: ({ value }) => {
      if (shape.theme) {
        window.Office.context.officeTheme = value;
        fire(EventType.OfficeThemeChanged, { officeTheme: value });
      }
    },
    "dialog-message": ({ value }) => dialogs.get(value.dialogId)?.dialogMessageReceived?.({ message: value.message, origin }),
    "dialog-closed": ({ value }) => {
      dialogs.get(value.dialogId)?.dialogEventReceived?.({ error: 12006 });
      dialogs.delete(value.dialogId);
    },
  };

  window.addEventListener("message", (event) => {
    if (event.source !== host || event.origin !== origin || !event.data?.alongsideOffice) {
      return;
    }
    const { kind, value } = event.data;
    // What is told before the first meeting is told in it again; what is told during it waits for its end.
    if (kind === "hello") {
      met = items.then(() => begin(value));
    } else if (Object.hasOwn(heard, kind)) {
      met?.then(() => heard[kind](event.data));
    }
  });

  // F6 goes round the parts of the window, of which the pane is one.
  document.addEventListener("keydown", (event) => {
    if (event.key === "F6") {
      event.preventDefault();
      tell("leave", { back: event.shiftKey });
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

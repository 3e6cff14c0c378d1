/* The pane's frame and the dialog's: what they ask of the mail client by messages, and what they are told.

   Only these two frames are heard, and only on their own origin. */

const { origin } = window.location;
const LATE_MS = 2500;
const GAP_MS = 700;

/* `client`: what shapes.js chose. `about`: {profile(), item(), theme(), salesforce(), read(path, query, options), word}.
   `doing`: {getPart, setPart, save, notify, openItem, newMessage, leave, asked}. */
export function makeFrames({ pane, dialog, dialogFrame, dialogHost, client, about, doing }) {
  let dialogId = 0;
  let allowed = false;
  const timers = new Set();

  function tell(frame, kind, value) {
    frame.contentWindow?.postMessage({ alongsideOffice: true, kind, value }, origin);
  }

  function answer(frame, id, promise) {
    const reply = (more) => frame.contentWindow?.postMessage({ alongsideOffice: true, kind: "answer", id, ...more }, origin);
    Promise.resolve(promise).then(
      (value) => reply({ value }),
      (error) => reply({ error: error.message || "It failed.", code: error.code }),
    );
  }

  const kinds = {
    hello: (frame) =>
      tell(frame, "hello", {
        shape: client.shape,
        language: client.language,
        item: frame === pane ? about.item() : null,
        theme: about.theme(),
        profile: about.profile(),
        salesforce: about.salesforce(),
      }),
    "message-parent": (frame, { message }) => frame === dialogFrame && tell(pane, "dialog-message", { dialogId, message }),
    leave: (frame, { back }) => doing.leave(frame, Boolean(back)),
  };
  const ofPane = {
    "access-token": async ({ mayAsk }) => {
      await mayTakeToken(mayAsk);
      return (await about.read("token", {}, { method: "POST" })).token;
    },
    nested: ({ method, tokenParams }) => nested(method, tokenParams),
    "item-get": (asked) => doing.getPart(asked),
    "item-set": ({ part, value }) => doing.setPart(part, value),
    "item-save": () => doing.save(),
    "dialog-open": ({ url }) => open(url),
  };
  const toldByPane = {
    "dialog-close": (asked) => asked.dialogId === dialogId && shut(),
    notifications: ({ messages }) => doing.notify(messages),
    "open-item": ({ itemId }) => doing.openItem(itemId),
    "new-message": ({ parameters }) => doing.newMessage(parameters),
    close: () => doing.closePane(),
  };

  window.addEventListener("message", (event) => {
    const frame = [pane, dialogFrame].find((one) => one.contentWindow === event.source);
    if (!frame || event.origin !== origin || !event.data?.alongsideHost) {
      return;
    }
    const { kind, id } = event.data;
    if (Object.hasOwn(kinds, kind)) {
      kinds[kind](frame, event.data);
    } else if (frame === pane && Object.hasOwn(ofPane, kind)) {
      answer(pane, id, Promise.resolve().then(() => ofPane[kind](event.data)));
    } else if (frame === pane && Object.hasOwn(toldByPane, kind)) {
      toldByPane[kind](event.data);
    }
  });

  /* Nested app authentication, as MSAL's bridge asks for it: silently first, then with the person. */
  async function nested(method, tokenParams) {
    const refused = (status, code, description) => ({ success: false, error: { status, code, description } });
    if (method === "GetInitContext") {
      const accountContext = await about.read("account");
      return { success: true, initContext: { sdkName: "alongside.demo", sdkVersion: "1.0.0", capabilities: { queryAccount: true }, accountContext } };
    }
    if (method !== "GetToken" && method !== "GetTokenPopup") {
      return refused("PERSISTENT_ERROR", "unsupported_method");
    }
    if (client.nested === "disabled") {
      return refused("DISABLED", "disabled", "An administrator has switched it off.");
    }
    if (client.nested === "denied") {
      return refused("PERSISTENT_ERROR", "access_denied", "The person may not use this application.");
    }
    if (method === "GetToken" && ["popup", "cancelled"].includes(client.nested) && !allowed) {
      return refused("USER_INTERACTION_REQUIRED", "interaction_required", "The person has to agree.");
    }
    if (method === "GetTokenPopup") {
      allowed = client.nested !== "cancelled" && (await doing.asked());
      if (!allowed) {
        return refused("USER_CANCEL", "user_cancel", "The person closed the window.");
      }
    }
    const { clientId, scope } = tokenParams || {};
    const body = JSON.stringify({ clientId, scope });
    return about.read("nested-token", {}, { method: "POST", headers: { "Content-Type": "application/json" }, body }).then(
      (told) => ({ success: true, ...told }),
      (error) => refused("PERSISTENT_ERROR", "invalid_client", error.message),
    );
  }

  /* Office's own token: where a person is needed they are asked, if the add-in lets them be.
     https://learn.microsoft.com/office/dev/add-ins/develop/troubleshoot-sso-in-office-add-ins */
  async function mayTakeToken(mayAsk) {
    if (client.nested !== "office-popup" || allowed) {
      return;
    }
    allowed = mayAsk && (await doing.asked());
    if (!allowed) {
      throw Object.assign(new Error(about.word("failed")), { code: mayAsk ? 13002 : 13001 });
    }
  }

  /* Another item is open, and the client tells of it in its own way. */
  function announce(item) {
    timers.forEach(clearTimeout);
    timers.clear();
    const after = (delay, act) => timers.add(setTimeout(act, delay));
    switch (client.changed) {
      case "late":
        tell(pane, "item-silent", item);
        after(LATE_MS, () => tell(pane, "item-event"));
        break;
      case "doubled":
        tell(pane, "item", item);
        tell(pane, "item-event");
        break;
      case "missing":
        tell(pane, "item-silent", item);
        break;
      case "null":
        tell(pane, "item", null);
        after(GAP_MS, () => tell(pane, "item", about.item()));
        break;
      default:
        tell(pane, "item", item);
    }
  }

  async function open(address) {
    if (dialog.open) {
      throw new Error(about.word("dialog-open"));
    }
    dialogId += 1;
    dialogHost.textContent = new URL(address).host;
    dialogFrame.src = address;
    dialog.showModal();
    return dialogId;
  }

  function shut() {
    dialogFrame.src = "about:blank";
    dialog.close();
  }

  function shutByPerson() {
    const closed = dialogId;
    shut();
    tell(pane, "dialog-closed", { dialogId: closed });
  }

  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    shutByPerson();
  });

  return { tell: (kind, value) => tell(pane, kind, value), announce, shutByPerson };
}

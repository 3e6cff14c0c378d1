/* The items of Office.js: messages and appointments, being read and being written. What a client's requirement set does
   not have is not there at all, so that whoever asks for it without looking finds out.

   https://learn.microsoft.com/javascript/api/outlook/office.messageread, …messagecompose, …appointmentread,
   …appointmentcompose */

/* `tools` are those of office.js. Gives the function that makes an item of what the page around tells: null, a message
   that is read, or `{form: "message" | "appointment", …}` for one that is being written, whose parts are asked for. */
export function makeItems({ ask, tell, answer, supports, listening, isMobile, isKnownCategory }) {
  const since = (version, members) => (supports("Mailbox", version) ? members : {});
  const read = (part, more) => ask("item-get", { part, ...more });
  const write = (part, value) => ask("item-set", { part, value: value === undefined ? null : JSON.parse(JSON.stringify(value)) });
  const getter = (part) => ({ getAsync: (...given) => answer(given, read(part)) });
  const property = (part) => ({ ...getter(part), setAsync: (value, ...given) => answer(given, write(part, value)) });
  const moment = (part) => ({
    getAsync: (...given) => answer(given, read(part).then((text) => new Date(text))),
    setAsync: (value, ...given) => answer(given, write(part, value.toISOString())),
  });

  const person = (one) => (typeof one === "string" ? { emailAddress: one, displayName: "" } : one);
  const recipients = (part) => ({
    ...getter(part),
    setAsync: (people, ...given) => answer(given, write(part, people.map(person))),
    addAsync: (people, ...given) => answer(given, read(part).then((held) => write(part, [...held, ...people.map(person)]))),
  });

  const categories = () => ({
    getAsync: (...given) => answer(given, read("categories").then((names) => (names.length ? names.map(category) : null))),
    addAsync(names, ...given) {
      const added = names.every(isKnownCategory) ? read("categories").then((held) => write("categories", [...new Set([...held, ...names])])) : Promise.reject(Object.assign(new Error("Invalid categories were provided."), { code: 9045, name: "InvalidCategory" }));
      answer(given, added);
    },
    removeAsync: (names, ...given) => answer(given, read("categories").then((held) => write("categories", held.filter((name) => !names.includes(name))))),
  });
  const category = (displayName) => ({ displayName, color: "None" });

  const internetHeaders = () => ({
    getAsync: (names, ...given) => answer(given, read("headers").then((held) => Object.fromEntries(names.filter((name) => name in held).map((name) => [name, held[name]])))),
    setAsync: (headers, ...given) => answer(given, read("headers").then((held) => write("headers", { ...held, ...headers }))),
    removeAsync: (names, ...given) => answer(given, read("headers").then((held) => write("headers", Object.fromEntries(Object.entries(held).filter(([name]) => !names.includes(name)))))),
  });

  /* Bars above the item. The client shows at most five. */
  function notificationMessages() {
    const shown = new Map();
    const told = () => tell("notifications", { messages: [...shown.values()].map(({ message }) => message) });
    const put = (key, message, given, mayBeThere) => {
      if ((!mayBeThere && shown.has(key)) || shown.size > 4) {
        answer(given, Promise.reject(Object.assign(new Error("The notification key is taken, or there are five already."), { code: 9049 })));
        return;
      }
      shown.set(key, { ...message, key });
      told();
      answer(given);
    };
    return {
      addAsync: (key, message, ...given) => put(key, message, given, false),
      replaceAsync: (key, message, ...given) => put(key, message, given, true),
      removeAsync(key, ...given) {
        shown.delete(key);
        told();
        answer(given);
      },
      getAllAsync: (...given) => answer(given, [...shown.values()]),
    };
  }

  function loadCustomPropertiesAsync(...given) {
    const loaded = read("custom").then((held) => {
      const values = { ...held };
      return {
        get: (name) => values[name],
        getAll: () => ({ ...values }),
        set(name, value) {
          values[name] = value;
        },
        remove(name) {
          delete values[name];
        },
        saveAsync: (...more) => answer(more, write("custom", values)),
      };
    });
    answer(given, loaded);
  }

  const body = (isWritten) => ({
    getAsync: (coercion, ...given) => answer(given, read("body", { coercion })),
    ...(isWritten ? { getTypeAsync: (...given) => answer(given, "text"), setAsync: (text, ...given) => answer(given, write("body", text)), prependAsync: (text, ...given) => answer(given, read("body").then((held) => write("body", text + held))) } : {}),
  });

  /* Whose mailbox it is, where it is not the person's own; elsewhere the method is not there. */
  const shared = (told) =>
    told.shared ? since("1.8", { getSharedPropertiesAsync: (...given) => answer(given, { ...told.shared }) }) : {};

  const common = (isWritten) => ({
    body: body(isWritten),
    notificationMessages: notificationMessages(),
    loadCustomPropertiesAsync,
    ...since("1.7", listening),
    ...since("1.8", { categories: categories() }),
  });

  // The id in the form of EWS, but on mobile clients, which give the other one.
  const idOf = (itemId) => (isMobile() ? itemId.replace(/\//g, "-").replace(/\+/g, "_") : itemId);
  const plain = (subject) => subject.replace(/^((re|fw|fwd|aw|wg)\s*:\s*)+/i, "");

  function reading(told) {
    const { itemId, itemClass, subject, attachments, dateTimeCreated } = told;
    return {
      itemId: idOf(itemId),
      itemClass,
      subject,
      attachments,
      normalizedSubject: plain(subject),
      dateTimeCreated: new Date(dateTimeCreated),
      dateTimeModified: new Date(dateTimeCreated),
      ...common(false),
      ...shared(told),
      ...since("1.8", { getAttachmentContentAsync: (attachmentId, ...given) => answer(given, read("attachment", { attachmentId })) }),
    };
  }

  function messageRead(told) {
    const { from, sender, to, cc, internetMessageId, conversationId } = told;
    return {
      itemType: "message",
      ...reading(told),
      from,
      sender,
      to,
      cc,
      internetMessageId,
      conversationId,
      ...since("1.8", { getAllInternetHeadersAsync: (...given) => answer(given, read("internet-headers")) }),
    };
  }

  function appointmentRead(told) {
    const { organizer, requiredAttendees, optionalAttendees, location, start, end } = told;
    return {
      itemType: "appointment",
      ...reading(told),
      organizer,
      requiredAttendees,
      optionalAttendees,
      location,
      start: new Date(start),
      end: new Date(end),
      ...since("1.7", { seriesId: null, recurrence: null }),
    };
  }

  function writing(told) {
    return {
      subject: property("subject"),
      ...common(true),
      ...shared(told),
      saveAsync: (...given) => answer(given, ask("item-save", {})),
      ...since("1.8", { getItemIdAsync: (...given) => answer(given, read("itemId")), getAttachmentsAsync: (...given) => answer(given, []) }),
    };
  }

  function messageCompose(told) {
    return {
      itemType: "message",
      conversationId: told.conversationId,
      to: recipients("to"),
      cc: recipients("cc"),
      bcc: recipients("bcc"),
      ...writing(told),
      ...since("1.7", { from: getter("from") }),
      ...since("1.8", { internetHeaders: internetHeaders() }),
      ...since("1.10", { getComposeTypeAsync: (...given) => answer(given, { composeType: told.composeType || "newMail", coercionType: "text" }) }),
    };
  }

  function appointmentCompose(told) {
    return {
      itemType: "appointment",
      requiredAttendees: recipients("requiredAttendees"),
      optionalAttendees: recipients("optionalAttendees"),
      location: property("location"),
      start: moment("start"),
      end: moment("end"),
      ...writing(told),
      ...since("1.7", { organizer: getter("organizer"), seriesId: null, recurrence: { getAsync: (...given) => answer(given, null) } }),
    };
  }

  const makers = { "message-read": messageRead, "message-compose": messageCompose, "appointment-read": appointmentRead, "appointment-compose": appointmentCompose };

  return (told) => {
    if (!told) {
      return null;
    }
    const form = told.form || `${told.itemType || "message"}-${told.isDraft ? "compose" : "read"}`;
    return Object.freeze(makers[form](told));
  };
}

/* What is being written in the demo's mail client: a message or an appointment, and what an add-in sees and sets of it. */

const ADDRESS = /^\s*(?:"?([^"<>]*?)"?\s*<([^<>\s]+@[^<>\s]+)>|([^<>\s,;]+@[^<>\s,;]+))\s*$/;
const PEOPLE = ["to", "cc", "bcc", "requiredAttendees", "optionalAttendees"];
const TIMES = ["start", "end"];

/* `form` is "message" or "appointment"; `values` what stands in it at the start; `fill(name)` gives the form's copy. */
export function makeWriting({ form, values = {}, template, changed, sent, failed, send }) {
  const root = template(form);
  const field = (name) => root.querySelector(`[name="${name}"]`);
  const kept = { categories: [], headers: {}, custom: {}, itemId: "", ...(values.kept || {}) };
  const written = ({ emailAddress, displayName }) => (displayName ? `"${displayName.replace(/["\\]/g, "")}" <${emailAddress}>` : emailAddress);

  for (const [name, value] of Object.entries(values)) {
    const at = field(name);
    if (at) {
      at.value = PEOPLE.includes(name) ? value.map(written).join(", ") : TIMES.includes(name) ? local(value) : value;
    }
  }

  function people(name) {
    return (field(name)?.value || "")
      .split(/[,;]/)
      .map((piece) => ADDRESS.exec(piece))
      .filter(Boolean)
      .map((found) => ({ displayName: found[1] || "", emailAddress: found[2] || found[3], recipientType: "other" }));
  }

  let before = snapshot();
  function snapshot() {
    return Object.fromEntries(PEOPLE.map((name) => [name, JSON.stringify(people(name))]));
  }

  /* Only whole addresses count: half a word is no recipient yet. */
  function compare() {
    const now = snapshot();
    const fields = Object.fromEntries([...PEOPLE, "resources"].map((name) => [name, now[name] !== before[name]]));
    before = now;
    if (Object.values(fields).some(Boolean)) {
      changed("recipients", fields);
    }
  }

  root.addEventListener("change", ({ target }) => {
    compare();
    if (TIMES.includes(target.name)) {
      changed("time", { start: iso(field("start").value), end: iso(field("end").value) });
    }
  });
  root.addEventListener("input", ({ target, data }) => {
    if (PEOPLE.includes(target.name) && [",", ";", " "].includes(data)) {
      compare();
    }
  });
  root.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await send({ to: people("to"), cc: people("cc"), bcc: people("bcc"), subject: field("subject").value, text: field("body").value, ...kept });
      sent();
    } catch (error) {
      failed(error);
    }
  });

  return {
    root,
    item: { form: `${form}-compose`, conversationId: values.conversationId || "", composeType: values.composeType },
    get(part) {
      if (PEOPLE.includes(part)) {
        return people(part);
      }
      if (TIMES.includes(part)) {
        return iso(field(part).value);
      }
      return part in kept ? kept[part] : (field(part)?.value ?? "");
    },
    set(part, value) {
      if (PEOPLE.includes(part)) {
        field(part).value = value.map(written).join(", ");
        compare();
      } else if (part in kept) {
        kept[part] = value;
      } else if (field(part)) {
        field(part).value = TIMES.includes(part) ? local(value) : value;
      }
    },
  };
}

function iso(text) {
  const moment = new Date(text);
  return Number.isNaN(moment.valueOf()) ? new Date().toISOString() : moment.toISOString();
}

/* For an input of the kind datetime-local. */
function local(text) {
  const moment = new Date(text);
  return new Date(moment.valueOf() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/* Connecting a system in a dialog of our own, which hands back a code that is good only with our session. */

/* Resolves with {connected} or, where it did not come to that, {sentence}: "" when the person closed the dialog.
   A mail program that opens no dialog is a sentence too. Rejects with SignInFailed, or Error where the server did not
   take it. `dialog` is a host's; `url` ends before the system's name. */
export async function connectSystem(system, { session, dialog, url }) {
  const token = await session.get();
  const begun = await post(`${url}${system}/`, token, {});
  const address = new URL(begun.dialog_url, globalThis.location.href).href;
  let said;
  try {
    said = outcomeOf(await dialog(address, (text) => outcomeOf(text) !== null));
  } catch (error) {
    if (error.code !== "unsupported") {
      throw error;
    }
    return { connected: false, sentence: document.body.dataset.noDialog };
  }
  if (!said?.code) {
    return { connected: false, sentence: said?.sentence || "" };
  }
  await post(`${url}${system}/finish/`, token, { code: said.code });
  return { connected: true, sentence: "" };
}

/* Where the person pressed, and heard by screen readers; "" takes it away. */
export function showProblem(place, sentence) {
  place?.querySelector(".problem--connect")?.remove();
  if (place && sentence) {
    const line = document.createElement("p");
    line.className = "problem problem--connect";
    line.setAttribute("role", "alert");
    line.textContent = sentence;
    place.append(line);
  }
}

export async function post(url, token, values) {
  const answer = await fetch(url, {
    method: "POST",
    credentials: "omit",
    cache: "no-store",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
    body: JSON.stringify(values),
  });
  if (!answer.ok) {
    throw new Error(String(answer.status));
  }
  return answer.json();
}

/* What a connecting dialog says at its end, {code} or {sentence} of what went wrong; null for anything else. */
function outcomeOf(text) {
  try {
    const { kind, code, problem, sentence } = JSON.parse(text);
    if (kind !== "alongside.connect") {
      return null;
    }
    return typeof code === "string" ? { code } : typeof problem === "string" ? { sentence: String(sentence || "") } : null;
  } catch {
    return null;
  }
}

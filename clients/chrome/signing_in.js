/* Signing in through the server to Google, and the ID token that comes of it: in this worker's storage, nowhere else.

     prove(account) ─► kept and good ─► token
                  └─► window: server ─► Google ─► server ─► code ─► code + verifier to the server ─► token
                       (without a word first; then, where the person pressed something, so that they see it)

   The worker may be ended at any moment: what has to last is in chrome.storage.session, which content scripts cannot
   read. https://developer.chrome.com/docs/extensions/reference/api/identity */

const EARLY_MS = 60_000;
const SILENT_WITHIN_MS = 10_000;
const ANSWERED_WITHIN_MS = 20_000;

/* `code` is of the host bridge's list; `name` of the words in _locales, `given` what stands in them. */
export class Refused extends Error {
  constructor(code, name, ...given) {
    super(code);
    this.code = code;
    this.words = name ? chrome.i18n.getMessage(name, given) : "";
  }
}

function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

async function challengeOf(verifier) {
  return base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
}

/* What a token says of itself. The server checks it; here it only tells whose it is and until when. */
function claimsOf(token) {
  try {
    const text = atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"));
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (letter) => letter.charCodeAt(0))));
  } catch {
    return {};
  }
}

const placeOf = (server, account) => `token ${server} ${account}`;
const wanted = new Map();

/* {token, nonce} for the account whose mailbox is shown. Several that ask at once share one window. */
export function prove(server, account, { interactive }) {
  const key = `${placeOf(server, account)} ${interactive}`;
  if (!wanted.has(key)) {
    wanted.set(key, proven(server, account, interactive).finally(() => wanted.delete(key)));
  }
  return wanted.get(key);
}

export async function forget(server, account) {
  await chrome.storage.session.remove(placeOf(server, account));
}

async function proven(server, account, interactive) {
  const place = placeOf(server, account);
  const { [place]: kept } = await chrome.storage.session.get(place);
  // Who presses to sign in gets a new one: the server may have refused what is kept.
  if (kept && !interactive && kept.endsAt - EARLY_MS > Date.now()) {
    return { token: kept.token, nonce: kept.nonce };
  }
  let got;
  try {
    got = await signIn(server, account, false);
  } catch (error) {
    if (!interactive || error.code === "unavailable") {
      throw error;
    }
    got = await signIn(server, account, true);
  }
  const { email, exp } = claimsOf(got.token);
  if (typeof email !== "string" || email.toLowerCase() !== account) {
    throw new Refused("mismatch", "mismatch", String(email || ""), account);
  }
  await chrome.storage.session.set({ [place]: { ...got, endsAt: Number(exp) * 1000 } });
  return got;
}

async function signIn(server, account, interactive) {
  const [state, verifier, nonce] = [random(), random(), random()];
  const back = chrome.identity.getRedirectURL("signed-in");
  const url = new URL("/extension/authorize/", server);
  url.search = new URLSearchParams({
    redirect_uri: back,
    state,
    code_challenge: await challengeOf(verifier),
    code_challenge_method: "S256",
    nonce,
    login_hint: account,
    ...(interactive ? {} : { prompt: "none" }),
  });
  const ended = await window(url.href, interactive);
  if (!ended.startsWith(back)) {
    throw new Refused("denied", "sign_in");
  }
  const told = new URL(ended).searchParams;
  if (told.get("state") !== state) {
    throw new Refused("invalid", "sign_in");
  }
  if (!told.get("code")) {
    throw new Refused(told.get("error") === "access_denied" ? "cancelled" : "denied", "sign_in");
  }
  return { token: await redeem(server, told.get("code"), verifier), nonce };
}

/* The address at which the window ended. */
async function window(url, interactive) {
  try {
    const how = interactive ? { interactive } : { interactive, abortOnLoadForNonInteractive: true, timeoutMsForNonInteractive: SILENT_WITHIN_MS };
    return (await chrome.identity.launchWebAuthFlow({ url, ...how })) || "";
  } catch (error) {
    const unreachable = /could not be loaded/i.test(error.message);
    throw new Refused(unreachable ? "unavailable" : interactive ? "cancelled" : "denied", unreachable ? "unreachable" : "sign_in");
  }
}

async function redeem(server, code, verifier) {
  let answer;
  try {
    answer = await fetch(new URL("/extension/token/", server), {
      method: "POST",
      credentials: "omit",
      cache: "no-store",
      redirect: "error",
      body: new URLSearchParams({ code, code_verifier: verifier }),
      signal: AbortSignal.timeout(ANSWERED_WITHIN_MS),
    });
  } catch {
    throw new Refused("unavailable", "unreachable");
  }
  const { id_token: token } = await answer.json().catch(() => ({}));
  if (!answer.ok || typeof token !== "string") {
    throw new Refused(answer.status === 503 ? "unavailable" : "denied", answer.status === 503 ? "unreachable" : "sign_in");
  }
  return token;
}

/* Opens a page of the server that connects a system; the text that it ends with, "" where the person closed it. */
export async function connect(server, address) {
  const url = new URL(address);
  if (url.origin !== server || !url.pathname.startsWith("/connect/")) {
    throw new Refused("invalid");
  }
  url.searchParams.set("extension", chrome.runtime.id);
  const back = chrome.identity.getRedirectURL("connected");
  const ended = await window(url.href, true).catch((error) => {
    if (error.code === "unavailable") {
      throw error;
    }
    return "";
  });
  return ended.startsWith(`${back}#`) ? decodeURIComponent(ended.slice(back.length + 1)).slice(0, 4096) : "";
}

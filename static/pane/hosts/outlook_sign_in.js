/* Who the person is, in Outlook. The first that is there:

     nested app authentication ─► silent ─┬─► access token for our scope
                                          └─► a person is needed ─► popup, once they press
     dialog ─► our own page ─► Microsoft's sign-in ─► one-time code, good with the secret that stays here
     Office's own token (IdentityAPI), where there is neither

   A window is opened only on a press: one that comes by itself is blocked, or in the way of somebody who only opened
   their mail. Microsoft's library keeps tokens in this page's memory.

   https://learn.microsoft.com/office/dev/add-ins/develop/enable-nested-app-authentication-in-your-add-in */

import { HostRefused, newNonce } from "./common.js";

const { Office } = globalThis;
const { dataset } = document.body;
// A proof that is asked for again so soon was not taken: the next one is not out of the library's memory.
const AGAIN_MS = 60_000;
const PERSON_NEEDED = new Set(["InteractionRequiredAuthError", "no_account_found"]);
const CANCELLED = new Set(["user_canceled", "user_cancelled"]);
const NO_ANSWER = new Set(["ServerError", "no_network_connectivity"]);
// https://learn.microsoft.com/office/dev/add-ins/develop/troubleshoot-sso-in-office-add-ins
const OFFICE_CODES = { 13000: "unsupported", 13001: "denied", 13002: "cancelled", 13003: "unsupported", 13005: "denied", 13012: "unsupported" };

/* Nested app authentication is not to be had here after all. */
class NotHere extends Error {}

let application;
let last = 0;
let pressed = false;

/* The person has pressed to sign in: the next proof may open a window. */
export function askPerson() {
  pressed = true;
}

export const isSetSupported = (name, version) => Boolean(Office.context?.requirements?.isSetSupported?.(name, version));

export const hasDialogs = () => typeof Office.context?.ui?.displayDialogAsync === "function";

/* The mailbox is on a server of the company's own, which knows no token of ours. */
export const isOwnServer = () => Office.context.mailbox?.userProfile?.accountType === "enterprise";

/* What `POST sessions` takes. Rejects with HostRefused: `denied` where the person has to press first. */
export async function proof(dialog) {
  const mayOpen = pressed;
  pressed = false;
  const again = Date.now() - last < AGAIN_MS;
  last = Date.now();
  const nested = await nestedApplication();
  if (nested) {
    try {
      return { token: await nestedToken(nested, mayOpen, again), client: "outlook" };
    } catch (error) {
      if (!(error instanceof NotHere)) {
        throw error;
      }
      application = Promise.resolve(null);
    }
  }
  if (hasDialogs()) {
    if (!mayOpen) {
      throw new HostRefused("denied");
    }
    return byDialog(dialog);
  }
  if (isSetSupported("IdentityAPI", "1.3") && typeof Office.auth?.getAccessToken === "function") {
    return { token: await officeToken(mayOpen), client: "outlook" };
  }
  throw new HostRefused("unsupported");
}

async function nestedApplication() {
  if (!isSetSupported("NestedAppAuth", "1.1") || !dataset.clientId) {
    return null;
  }
  application ??= makeApplication();
  return application;
}

async function makeApplication() {
  try {
    await load(dataset.msal);
    if (!globalThis.nestedAppAuthBridge) {
      return null;
    }
    return await globalThis.msal.createNestablePublicClientApplication({
      auth: { clientId: dataset.clientId, authority: dataset.authority },
      cache: { cacheLocation: "memoryStorage" },
    });
  } catch {
    return null; // the dialog is there for this
  }
}

function load(src) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = src;
    script.onload = resolve;
    script.onerror = () => reject(new Error("not loaded"));
    document.head.append(script);
  });
}

async function nestedToken(nested, mayOpen, again) {
  const asked = { scopes: [dataset.scope] };
  try {
    return (await nested.acquireTokenSilent({ ...asked, forceRefresh: again })).accessToken;
  } catch (error) {
    const refused = refusalOf(error);
    if (refused.code !== "denied" || !mayOpen) {
      throw refused;
    }
  }
  try {
    return (await nested.acquireTokenPopup(asked)).accessToken;
  } catch (error) {
    throw refusalOf(error);
  }
}

/* What an error of Microsoft's library means here. */
function refusalOf(error) {
  const names = [error?.name, error?.errorCode];
  const one = (set) => names.some((name) => set.has(name));
  if (one(PERSON_NEEDED)) {
    return new HostRefused("denied");
  }
  if (one(CANCELLED)) {
    return new HostRefused("cancelled");
  }
  return one(NO_ANSWER) ? new HostRefused("unavailable", error.errorMessage) : new NotHere();
}

async function officeToken(mayOpen) {
  try {
    return await Office.auth.getAccessToken({ allowSignInPrompt: mayOpen, allowConsentPrompt: mayOpen });
  } catch (error) {
    throw new HostRefused(OFFICE_CODES[error?.code] || "unavailable", error?.message);
  }
}

async function byDialog(dialog) {
  const verifier = newNonce() + newNonce();
  const url = new URL(dataset.signInUrl, globalThis.location.href);
  url.searchParams.set("challenge", await challengeOf(verifier));
  const told = outcomeOf(await dialog(url.href, (text) => outcomeOf(text) !== null));
  if (!told) {
    throw new HostRefused("cancelled");
  }
  if (!told.code) {
    throw new HostRefused("unavailable", told.sentence);
  }
  return { code: told.code, verifier, client: "outlook" };
}

async function challengeOf(verifier) {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/* {code} or {sentence} of what our dialog says at its end; null for anything else. */
function outcomeOf(text) {
  try {
    const { kind, code, problem, sentence } = JSON.parse(text);
    if (kind !== "alongside.sign-in") {
      return null;
    }
    return typeof code === "string" ? { code } : typeof problem === "string" ? { sentence: String(sentence || "") } : null;
  } catch {
    return null;
  }
}

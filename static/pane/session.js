/* Our session: opaque, short, in this page's memory and nowhere else.

     no session ─► proof: the host's identity token, or a ticket ─► POST sessions ─► session ─► … nearly over ─► again */

const RENEW_BEFORE_MS = 30_000;

export class SignInFailed extends Error {
  name = "SignInFailed";

  /* `reason`: the host's code, where it was the host that said no. */
  constructor(words, reason = "") {
    super(words);
    this.reason = reason;
  }
}

/* `proof` resolves with what is sent to begin a session: `{token, client}`, `{code, verifier, client}` or
   `{ticket}`. */
export function makeSession({ proof, url }) {
  let token = "";
  let endsAt = 0;
  let pending = null;

  async function signIn() {
    let brought;
    try {
      brought = await proof();
    } catch (error) {
      throw new SignInFailed(error?.message || "", error?.code);
    }
    const answer = await fetch(url, {
      method: "POST",
      credentials: "omit",
      cache: "no-store",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify(brought),
    });
    if (!answer.ok) {
      const told = await answer.json().catch(() => ({}));
      throw new SignInFailed(typeof told.detail === "string" ? told.detail : "");
    }
    const told = await answer.json();
    token = told.session;
    endsAt = Date.now() + told.expires_in * 1000;
    return token;
  }

  return {
    /* The session if it is good for a while yet, else "". */
    held() {
      return token && Date.now() < endsAt - RENEW_BEFORE_MS ? token : "";
    },

    /* The session, signing in where there is none. Several at once share one sign-in. Rejects with SignInFailed, or
       TypeError where the network failed. */
    async get() {
      if (this.held()) {
        return token;
      }
      pending ??= signIn().finally(() => {
        pending = null;
      });
      return pending;
    },

    /* Forgets the session that the server has refused; another one that came meanwhile is kept. */
    forget(refused) {
      if (!refused || refused === token) {
        token = "";
      }
    },
  };
}

/* The address of the organisation's Alongside: what an administrator set for the browser (managed policy) wins over what
   the person set in the options. */

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/* The origin of an address, "" for one that cannot be it: https alone, but for a server on this very machine. */
export function originOf(text) {
  if (typeof text !== "string" || text.length > 2048) {
    return "";
  }
  let url;
  try {
    url = new URL(text.trim());
  } catch {
    return "";
  }
  const plain = url.pathname === "/" && !url.search && !url.hash && !url.username && !url.password;
  const safe = url.protocol === "https:" || (url.protocol === "http:" && LOOPBACK.has(url.hostname));
  return plain && safe ? url.origin : "";
}

/* {server, managed}: `server` is an origin, "" while there is none; `managed`: the person cannot change it. */
export async function serverSetting() {
  const { server: forced } = await chrome.storage.managed.get("server").catch(() => ({}));
  if (forced !== undefined) {
    return { server: originOf(forced), managed: true };
  }
  const { server } = await chrome.storage.local.get("server");
  return { server: originOf(server), managed: false };
}

export async function keepServer(text) {
  const server = originOf(text);
  if (server) {
    await chrome.storage.local.set({ server });
    await chrome.storage.session.clear();
  }
  return server;
}

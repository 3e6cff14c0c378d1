/* The service worker: the only place of the extension with a token in it. It answers our own pages, nobody else, and
   keeps nothing in its memory, since it is ended after half a minute of rest.

     frame.html ── settings, prove, dialog, forget, options ──► here        toolbar, shortcut ──► content script */

import { serverSetting } from "./settings.js";
import { Refused, connect, forget, prove } from "./signing_in.js";

const ADDRESS = /^[^\s@]{1,64}@[^\s@]{1,253}$/;

chrome.storage.session.setAccessLevel({ accessLevel: "TRUSTED_CONTEXTS" });

const ORDERS = {
  settings: serverSetting,

  async prove({ account, interactive }) {
    if (typeof account !== "string" || !ADDRESS.test(account) || typeof interactive !== "boolean") {
      throw new Refused("invalid");
    }
    return prove(await server(), account, { interactive });
  },

  async forget({ account }) {
    await forget(await server(), String(account));
  },

  async dialog({ url }) {
    if (typeof url !== "string" || url.length > 2048) {
      throw new Refused("invalid");
    }
    return { text: await connect(await server(), url) };
  },

  options: () => chrome.runtime.openOptionsPage(),
};

async function server() {
  const { server: origin } = await serverSetting();
  if (!origin) {
    throw new Refused("unavailable", "no_server");
  }
  return origin;
}

/* Our frame within Gmail: this extension's page, in a tab, framed by Gmail itself and nobody else. */
function isFrame(sender) {
  return sender.id === chrome.runtime.id && sender.origin === `chrome-extension://${chrome.runtime.id}` &&
    sender.url?.split("#")[0] === chrome.runtime.getURL("frame.html") &&
    Number.isInteger(sender.tab?.id) && sender.frameId > 0;
}

chrome.runtime.onMessage.addListener((message, sender, answer) => {
  if (message?.to !== "worker" || !isFrame(sender) || !Object.hasOwn(ORDERS, message.kind)) {
    return false;
  }
  Promise.resolve()
    .then(() => ORDERS[message.kind](message))
    .then(
      (body) => answer({ body: body ?? {} }),
      (error) => answer({ error: { code: error instanceof Refused ? error.code : "unavailable", words: error.words || "" } }),
    );
  return true;
});

async function tell(tab, kind) {
  if (tab?.id !== undefined) {
    await chrome.tabs.sendMessage(tab.id, { from: "worker", kind }, { frameId: 0 }).catch(() => {});
  }
}

chrome.action.onClicked.addListener((tab) => tell(tab, "fold"));
chrome.commands.onCommand.addListener((command, tab) => command === "focus-pane" && tell(tab, "focus"));
chrome.runtime.onInstalled.addListener(async ({ reason }) => {
  if (reason === "install" && !(await serverSetting()).server) {
    await chrome.runtime.openOptionsPage();
  }
});

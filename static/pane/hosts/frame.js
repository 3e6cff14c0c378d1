/* A mail client in the window around the pane, spoken to over the host bridge. What a host answers: docs/host-bridge.md. */

import { meetHost } from "../bridge.js";
import { HostRefused } from "./common.js";

let channel;
let lastKey = "";
let pressed = false;
const dialogs = new Map();

export const host = {
  client: document.body.dataset.host,
  locale: undefined,

  async ready() {
    channel = await meetHost({ origins: document.body.dataset.hostOrigins.split(" ").filter(Boolean) });
    this.locale = channel.opening.locale;
    channel.on("dialog-message", ({ dialog, text }) => dialogs.get(dialog)?.heard(text));
    channel.on("dialog-closed", ({ dialog }) => dialogs.get(dialog)?.closed());
    channel.on("locale", ({ locale }) => {
      this.locale = locale;
    });
  },

  can: (name) => channel.can(name),

  itemKey: () => lastKey,

  async current() {
    const { item } = await channel.ask("read");
    lastKey = item?.hint?.item_key || item?.kind || "";
    return item || { kind: "none" };
  },

  /* What the open email refers to; its text stays with the host. */
  async references(itemKey, org) {
    return channel.can("references") ? (await channel.ask("references", { item_key: itemKey, org })).references : [];
  },

  onItemChanged(changed) {
    channel.on("item", changed);
  },

  onTheme(apply) {
    const system = globalThis.matchMedia("(prefers-color-scheme: dark)");
    let told = channel.opening.theme;
    const tell = () => apply(told || (system.matches ? "dark" : "light"));
    tell();
    system.addEventListener("change", tell);
    channel.on("theme", ({ theme }) => {
      told = theme;
      tell();
    });
  },

  onFocus(take) {
    channel.on("focus", ({ to }) => take(to));
  },

  /* The focus goes back to the mail. Whether the host does that. */
  leave(direction) {
    if (!channel?.can("focus")) {
      return false;
    }
    channel.tell("leave", { direction });
    return true;
  },

  /* A person may have to sign in first. */
  proof() {
    const interactive = pressed;
    pressed = false;
    return channel.ask("prove", { interactive }, Infinity);
  },

  askPerson() {
    pressed = true;
  },

  signInState: () => "sign-in",

  openLink(url) {
    if (!channel?.can("open-link")) {
      return false;
    }
    channel.tell("open-link", { url });
    return true;
  },

  async dialog(url, last) {
    if (!channel.can("dialog")) {
      throw new HostRefused("unsupported");
    }
    const { dialog } = await channel.ask("dialog-open", { url });
    return new Promise((resolve) => {
      const done = (text) => {
        dialogs.delete(dialog);
        resolve(text);
      };
      dialogs.set(dialog, {
        heard(text) {
          if (last(text)) {
            channel.ask("dialog-close", { dialog }).catch(() => {});
            done(text);
          }
        },
        closed: () => done(null),
      });
    });
  },

  compose: {
    state: async (name) => (await channel.ask("mark-state", { name })).marked,
    mark: async (marked, name) => (await channel.ask("mark", { marked, name })).marked,
    onChange: (take) => channel.on("compose", ({ marked }) => take(marked)),
  },
};

/* In Gmail's page: sees what is open, and tells it to our frame beside the mail. No token ever comes here.

     page changes ─► reading ─► the same as before? ─► item ─► runtime message ─► frame.html of this tab, by the nonce
     frame ─► ready, leave, references (of the open message)                             worker ─► focus (keyboard shortcut), fold (toolbar button)

   Messages come from the extension itself alone; those for this page carry its nonce, which the page cannot read. */
"use strict";

(function () {
  const reading = globalThis.alongsideReading;
  const QUIET_MS = 120;
  const WAITS_MS = 1000;

  const nonce = [...crypto.getRandomValues(new Uint8Array(24))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const panel = globalThis.alongsidePanel.make({ nonce, onFold: (folded) => keepFolded(folded) });
  let told = "";
  let dressed = "";
  let timer = 0;
  let before = null;

  /* False once this extension was updated or taken away: then this script is over. */
  const lives = () => Boolean(chrome.runtime?.id);

  function tell(kind, more = {}) {
    if (lives()) {
      chrome.runtime.sendMessage({ to: "frame", nonce, kind, ...more }).catch(() => {});
    }
  }

  function look() {
    timer = 0;
    if (!lives()) {
      observer.disconnect();
      panel.go();
      return;
    }
    panel.stand();
    const fits = reading.fits();
    panel.put(fits ? "beside" : "floating", fits ? reading.columns() : null, reading.windows());
    const dress = { theme: reading.theme(), direction: reading.direction() };
    if (JSON.stringify(dress) !== dressed) {
      dressed = JSON.stringify(dress);
      panel.dress(dress);
      tell("theme", { theme: dress.theme });
    }
    const { waits, ...item } = reading.item() || { kind: "none" };
    const state = { account: reading.account(), item: item.kind === "none" ? null : item, fits };
    const now = JSON.stringify(state);
    if (now !== told) {
      told = now;
      tell("item", state);
    }
    if (waits) {
      later(WAITS_MS);
    }
  }

  function later(delay = QUIET_MS) {
    timer ||= setTimeout(look, delay);
  }

  function keepFolded(folded) {
    panel.fold(folded);
    if (lives()) {
      chrome.storage.local.set({ folded });
    }
    later();
  }

  function enter(to) {
    before = document.activeElement;
    panel.focus();
    if (!panel.folded()) {
      tell("focus", { end: to });
    }
  }

  function leave() {
    if (before?.isConnected && !panel.holds(before)) {
      before.focus();
    } else {
      document.querySelector('[role="main"]')?.focus();
      document.activeElement?.blur();
    }
  }

  chrome.runtime.onMessage.addListener((message, sender, answer) => {
    const page = sender.url?.split("#")[0] ?? "";
    const ofFrame = page === chrome.runtime.getURL("frame.html") && message?.nonce === nonce;
    const ofWorker = page !== chrome.runtime.getURL("frame.html") && message?.from === "worker";
    if (sender.id !== chrome.runtime.id || !(ofFrame || ofWorker)) {
      return;
    }
    if (message.kind === "ready") {
      told = dressed = "";
      look();
    } else if (message.kind === "references") {
      answer(reading.references(message.key, message.org));
    } else if (message.kind === "leave") {
      leave();
    } else if (message.kind === "focus") {
      if (panel.folded()) {
        keepFolded(false);
      }
      enter("first");
    } else if (message.kind === "fold") {
      keepFolded(!panel.folded());
    }
  });

  addEventListener("keydown", (event) => {
    if (event.key === "F6" && !event.defaultPrevented && event.isTrusted && !panel.holds(document.activeElement)) {
      event.preventDefault();
      enter(event.shiftKey ? "last" : "first");
    }
  });

  const observer = new MutationObserver(() => later());
  observer.observe(document.documentElement, { childList: true, subtree: true, attributes: true, attributeFilter: ["class", "style", "dir", "aria-expanded", "aria-label", "data-legacy-message-id", "data-message-id", "email"] });
  for (const name of ["hashchange", "popstate", "focusin", "focusout"]) {
    addEventListener(name, () => later());
  }
  // On a narrow screen the mail comes first, until the person says otherwise.
  chrome.storage.local.get({ folded: innerWidth < 700 }).then(({ folded }) => {
    panel.fold(folded === true);
    look();
  });
})();

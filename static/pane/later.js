/* What is not needed to show an email is fetched once the first one stands, so that nothing of it holds that one up; or
   with the first press that needs it. Presses until then are kept and made again, in their order, once it is there. */

import { say } from "./states.js";

const AFTER_MS = 2_000;
const WAKES = [
  "#open-records, #open-sync, #open-customise, [data-open-record], [data-create-record], [data-edits-record]",
  "[data-converts-record]",
  "[data-panel-of], [data-write], [data-tab], [data-fold], [data-move], [data-unknown] [hx-post]",
].join();
const TAB_KEYS = new Set(["ArrowLeft", "ArrowRight", "Home", "End"]);

/* `load()` resolves once everything is there. Gives the function that is to be called when an email stands. */
export function later(load) {
  let begun = null;
  let there = false;
  // The search is on its way: what is typed meanwhile is meant for it.
  let searching = false;

  function start() {
    begun ??= Promise.all([styles(), load()]).then(
      () => {
        there = true;
      },
      (error) => {
        // The next press tries again.
        begun = null;
        searching = false;
        throw error;
      },
    );
    return begun;
  }

  function keep(event, again) {
    event.preventDefault();
    event.stopImmediatePropagation();
    document.querySelector("[data-not-there]")?.remove();
    start().then(again, () => tell(event.target));
  }

  document.addEventListener(
    "click",
    (event) => {
      const button = there ? null : event.target.closest(WAKES);
      if (button) {
        searching = button.id === "open-records";
        keep(event, () => button.click());
      }
    },
    true,
  );
  document.addEventListener(
    "keydown",
    (event) => {
      const { target, key } = event;
      if (there || event.ctrlKey || event.metaKey || event.altKey) {
        return;
      }
      if (searching && (key.length === 1 || key === "Backspace" || key === "Enter")) {
        keep(event, () => type(key));
      } else if (key === "/" && !target.matches?.("input:not([type=checkbox]):not([type=radio]), textarea, select")) {
        searching = true;
        keep(event, () => document.getElementById("open-records").click());
      } else if (TAB_KEYS.has(key) && target.matches?.("[data-tab]")) {
        // The tab that has the focus by then: each press goes on from where the one before it led.
        keep(event, () => {
          const tab = document.activeElement.matches("[data-tab]") ? document.activeElement : target;
          tab.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
        });
      }
    },
    true,
  );
  return () => {
    if (!begun) {
      setTimeout(() => start().catch(() => {}), AFTER_MS);
    }
  };
}

/* A key that was pressed before the search stood. */
function type(key) {
  const input = document.getElementById("records-q");
  if (key === "Enter") {
    input.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
    return;
  }
  input.value = key === "Backspace" ? input.value.slice(0, -1) : input.value + key;
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

/* What was pressed could not be fetched: said beside it, and heard. */
function tell(pressed) {
  const { failed } = document.getElementById("records").dataset;
  const line = document.createElement("p");
  line.className = "problem problem--connect";
  line.dataset.notThere = "";
  line.textContent = failed;
  const place = pressed.closest("[data-record], [data-unknown], [data-habits]") || document.getElementById("foot");
  document.querySelector("[data-not-there]")?.remove();
  place.append(line);
  say(failed);
}

/* The sheets that the shell keeps back in its template. */
function styles() {
  const kept = document.getElementById("later-styles");
  if (!kept) {
    return null;
  }
  const links = [...kept.content.cloneNode(true).children];
  const loaded = links.map((link) => new Promise((resolve, reject) => {
    link.addEventListener("load", resolve);
    link.addEventListener("error", reject);
  }));
  document.head.append(...links);
  return Promise.all(loaded).then(
    () => kept.remove(),
    (error) => {
      for (const link of links) {
        link.remove();
      }
      throw error;
    },
  );
}

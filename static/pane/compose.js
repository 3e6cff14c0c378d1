/* While an email is written: the switch that marks the draft. The mail client holds the mark, and says how it stands. */

import { mayFileHere } from "./mailbox.js";

const status = document.getElementById("status");

/* After the answer for a draft was painted into `root`. */
export function followDraft(root, host) {
  const box = root.querySelector("[data-mark]");
  if (!box) {
    return;
  }
  const isOwn = mayFileHere();
  const can = isOwn && host.can("compose");
  root.querySelector(can ? "[data-can-mark]" : isOwn ? "[data-cannot-mark]" : "[data-others-mailbox]").hidden = false;
  if (!can) {
    return;
  }
  const failed = root.querySelector("[data-mark-failed]");
  const { name } = box.dataset;

  function show(marked) {
    box.checked = marked;
    box.disabled = false;
    const line = document.getElementById(marked ? "compose-marked" : "compose-unmarked").content.cloneNode(true);
    if (status.querySelector("[data-kind]")?.dataset.kind !== line.firstElementChild.dataset.kind) {
      status.replaceChildren(line);
    }
  }

  function fail() {
    failed.hidden = false;
    box.disabled = false;
  }

  host.compose.state(name).then(show, fail);
  host.compose.onChange((marked) => box.isConnected && show(marked));
  box.addEventListener("change", async () => {
    failed.hidden = true;
    const wanted = box.checked;
    box.disabled = true;
    try {
      show(await host.compose.mark(wanted, name));
    } catch {
      box.checked = !wanted;
      fail();
    }
    box.focus({ preventScroll: true });
  });
}

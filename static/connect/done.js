// Hands the outcome of connecting to the pane, or to the page in a tab, that opened this dialog: a one-time code (never a token) that only the
// signed-in pane of the same user can spend, or what went wrong: its name, and its sentence for people.
"use strict";

(function () {
  const answer = document.getElementById("answer");
  const kind = answer.dataset.kind || "alongside.connect";
  const message = answer.dataset.code
    ? { kind, code: answer.dataset.code }
    : { kind, problem: answer.dataset.problem, sentence: answer.textContent.trim() };

  // The window of our browser extension ends at its own address, which nobody else can read.
  if (answer.dataset.back) {
    window.location.replace(answer.dataset.back + "#" + encodeURIComponent(JSON.stringify(message)));
    return;
  }
  // A page in a browser's tab that opened this one hears it here; the code is good only with its person's session.
  if (window.BroadcastChannel && kind === "alongside.connect") {
    new window.BroadcastChannel("alongside.connect").postMessage(JSON.stringify(message));
  }
  if (!window.Office || !window.Office.onReady) {
    return; // opened outside the mail client: the page's own sentence says what to do
  }
  window.Office.onReady(function () {
    const ui = window.Office.context && window.Office.context.ui;
    if (ui && ui.messageParent) {
      ui.messageParent(JSON.stringify(message), { targetOrigin: answer.dataset.origin });
    }
  });
})();

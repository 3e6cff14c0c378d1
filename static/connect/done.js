// Hands the outcome of connecting to the pane that opened this dialog: a one-time code (never a token) that only the
// signed-in pane of the same user can spend, or what went wrong: its name, and its sentence for people.
"use strict";

(function () {
  const answer = document.getElementById("answer");
  const message = answer.dataset.code
    ? { kind: "alongside.connect", code: answer.dataset.code }
    : { kind: "alongside.connect", problem: answer.dataset.problem, sentence: answer.textContent.trim() };

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

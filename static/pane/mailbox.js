/* Whose mailbox the open email is in, where it is not the person's own: said above the email, and instead of the press
   that could not file it. The server fetches what is filed from the person's own mailbox and from no other. */

const line = document.getElementById("mailbox");
const foot = document.getElementById("foot");

let isOthers = false;

export function showMailbox(mailbox) {
  isOthers = Boolean(mailbox) && mailbox.kind !== "own";
  line.hidden = !isOthers;
  line.querySelector("[data-words]").textContent = isOthers ? mailbox.name || mailbox.address : "";
}

/* The hint of an open email, with the mailbox that it is in where that is not the person's own. */
export function placedHint({ hint, mailbox }) {
  return isOthers && mailbox.address ? { ...hint, mailbox: mailbox.address } : hint;
}

/* After an answer stands. What is filed already, from the person's own copy, keeps its steps. */
export function guardFiling() {
  if (isOthers && foot.querySelector("[data-file]")) {
    foot.replaceChildren(document.getElementById("foot-shared").content.cloneNode(true));
  }
}

export const mayFileHere = () => !isOthers;

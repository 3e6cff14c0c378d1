/* Hands over the ticket that the pane put into the address's fragment, and takes it out of the address at once. */
const ticket = globalThis.location.hash.slice(1);
if (ticket) {
  const form = document.getElementById("enter");
  globalThis.history.replaceState(null, "", globalThis.location.pathname);
  form.querySelector("[data-waiting]").hidden = false;
  form.querySelector("[data-ways]").hidden = true;
  form.elements.ticket.value = ticket;
  form.submit();
}

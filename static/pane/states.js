/* What the pane shows without an answer of the server. The words are in the shell's templates. */

const status = document.getElementById("status");
const email = document.getElementById("email");
const foot = document.getElementById("foot");

/* What takes the focus is scrolled clear of the status and the foot, however tall they are now. */
const clear = new ResizeObserver(() => {
  document.documentElement.style.scrollPaddingBlock = `${status.offsetHeight + 4}px ${foot.offsetHeight + 4}px`;
});
clear.observe(status);
clear.observe(foot);

/* The skeleton: at once, so that nothing of an email that is no longer open can be taken for this one. */
export function showSkeleton() {
  status.replaceChildren(copy("skeleton-status"));
  email.replaceChildren(copy("skeleton"));
  foot.replaceChildren(copy("skeleton-foot"));
  email.setAttribute("aria-busy", "true");
  globalThis.scrollTo(0, 0);
}

export function showState(name, words = "") {
  const template = document.getElementById(`state-${name}`);
  const body = copy(template.id);
  const place = body.querySelector("[data-words]");
  if (place) {
    place.textContent = words;
  }
  const line = copy("client-status");
  line.querySelector(".status__sentence").textContent = template.dataset.sentence;
  status.replaceChildren(line);
  email.replaceChildren(body);
  foot.replaceChildren();
  settled();
}

export function settled() {
  email.setAttribute("aria-busy", "false");
}

/* For screen readers, where the page itself says it in another way. */
export function say(words) {
  document.getElementById("said").textContent = words;
}

function copy(id) {
  return document.getElementById(id).content.cloneNode(true);
}

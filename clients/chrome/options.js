/* The options: the address of the organisation's Alongside, locked where the browser's administrator set it. */

import { keepServer, serverSetting } from "./settings.js";

const field = document.getElementById("server");
const said = document.getElementById("said");
const save = document.getElementById("save");
const word = (name) => chrome.i18n.getMessage(name);

document.documentElement.lang = chrome.i18n.getUILanguage();
document.documentElement.dir = word("@@bidi_dir");
document.title = word("options_title");
for (const place of document.querySelectorAll("[data-word]")) {
  place.textContent = word(place.dataset.word);
}

async function show() {
  const { server, managed } = await serverSetting();
  field.value = server;
  field.readOnly = managed;
  save.disabled = managed;
  if (managed) {
    said.textContent = word(server ? "options_managed" : "options_managed_wrong");
  }
}

document.getElementById("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  if (field.readOnly) {
    return;
  }
  const kept = await keepServer(field.value);
  field.setAttribute("aria-invalid", String(!kept));
  said.textContent = word(kept ? "options_saved" : "options_invalid");
  if (kept) {
    field.value = kept;
  }
});

chrome.storage.onChanged.addListener((changes, area) => area === "managed" && show());
show();

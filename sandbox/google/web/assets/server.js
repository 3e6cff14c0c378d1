/* What the page asks its server for, below the account's own address. */

import { word } from "./words.js";

const base = `/mail/u/${document.body.dataset.number}/data/`;

async function told(answer) {
  const body = await answer.json().catch(() => ({}));
  if (answer.status === 401) {
    window.location.reload();
  }
  if (!answer.ok) {
    throw Object.assign(new Error(answer.status === 400 && body.error ? body.error : word("failed")), { status: answer.status });
  }
  return body;
}

export async function read(path, query = {}) {
  return told(await fetch(`${base}${path}?${new URLSearchParams(query)}`));
}

export async function order(path, body) {
  return told(await fetch(base + path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }));
}

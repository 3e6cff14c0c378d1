/* The mark of a draft in Outlook: a category, which has to be among the mailbox's own before an item takes it.

   https://learn.microsoft.com/office/dev/add-ins/outlook/categories */

import { HostRefused } from "./common.js";

const { Office } = globalThis;
const folded = (name) => name.trim().toLocaleLowerCase();

/* Whether `item`, a draft, has the mark. */
export async function state(item, name) {
  return Boolean(await held(item, name));
}

/* Sets or takes away the mark, and reads back how it stands. */
export async function mark(item, marked, name) {
  const has = await held(item, name);
  if (marked && !has) {
    const category = await known(name);
    await asked((done) => item.categories.addAsync([category], done));
  } else if (!marked && has) {
    await asked((done) => item.categories.removeAsync([has], done));
  }
  return state(item, name);
}

/* The item's category of that name as it is written there, "" for none. */
async function held(item, name) {
  return named(await asked((done) => item.categories.getAsync(done)), name);
}

/* The mailbox's category of that name, made where there is none. */
async function known(name) {
  const { masterCategories } = Office.context.mailbox;
  const has = named(await asked((done) => masterCategories.getAsync(done)), name);
  if (!has) {
    await asked((done) => masterCategories.addAsync([{ displayName: name, color: Office.MailboxEnums.CategoryColor.Preset7 }], done));
  }
  return has || name;
}

const named = (categories, name) => (categories || []).find((one) => folded(one.displayName) === folded(name))?.displayName || "";

function asked(call) {
  return new Promise((resolve, reject) => {
    call((answer) => {
      if (answer.status === Office.AsyncResultStatus.Succeeded) {
        resolve(answer.value);
      } else {
        reject(new HostRefused("unavailable", answer.error?.message));
      }
    });
  });
}

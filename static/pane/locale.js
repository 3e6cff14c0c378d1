/* The language of the page, and money and moments in the person's own locale and zone. The server's text stands where
   this cannot say it better.

   The server says with each answer in which language it speaks (Content-Language), since a person's own choice goes
   before that of the mail client, which each request tells:

     the mail client's locale ─► X-Language ─► answer, Content-Language ─► lang and dir of the page
                                                                    └─► another than the shell's: the shell anew, once */

const RIGHT_TO_LEFT = /^(ar|fa|he|ur)\b/;
const root = document.documentElement;

/* `locale()` is what the mail client says, or nothing. `reload`: whether the page may be fetched anew for its own words;
   one that would lose its session by it only turns. */
export function keepLanguage({ locale, reload = false }) {
  document.addEventListener("htmx:configRequest", ({ detail }) => {
    const said = locale();
    if (said) {
      detail.headers["X-Language"] = said;
    }
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const spoken = event.detail.xhr.getResponseHeader("Content-Language");
    if (!spoken || spoken === root.lang) {
      return;
    }
    root.lang = spoken;
    root.dir = RIGHT_TO_LEFT.test(spoken) ? "rtl" : "ltr";
    const address = new URL(globalThis.location.href);
    if (reload && address.searchParams.get("lang") !== spoken) {
      address.searchParams.set("lang", spoken);
      event.detail.shouldSwap = false;
      globalThis.location.replace(address.href);
    }
  });
}

/* The locale in which numbers and moments are written: the mail client's own, as long as the page speaks its language. */
export function localeOf(client) {
  const spoken = root.lang || undefined;
  return client && (!spoken || client.toLowerCase().split("-")[0] === spoken.split("-")[0]) ? client : spoken;
}

export function localise(root, locale) {
  for (const data of root.querySelectorAll("data[data-currency]")) {
    const text = money(Number(data.value), data.dataset.currency, locale);
    if (text) {
      data.title = data.textContent.trim();
      data.textContent = text;
    }
  }
  for (const time of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(time.dateTime);
    if (!Number.isNaN(moment.valueOf())) {
      time.title = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "short" }).format(moment);
    }
  }
}

function money(value, currency, locale) {
  if (!Number.isFinite(value)) {
    return "";
  }
  const short = { notation: "compact", maximumSignificantDigits: 3 };
  try {
    return new Intl.NumberFormat(locale, currency ? { ...short, style: "currency", currency } : short).format(value);
  } catch {
    return "";
  }
}

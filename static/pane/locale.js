/* Money and moments in the person's own locale and zone. The server's text stands where this cannot say it better. */

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

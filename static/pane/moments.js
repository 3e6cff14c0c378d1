/* Moments as people say them, kept true by the browser's own clock: nothing that was painted grows old.

     <time data-until datetime="…">   "in 2 min", "in 40 sec", "now"
     <time data-ago datetime="…">     "2 min ago", and as a date once it is some days past
     <time data-at datetime="…">      the hour, with the day when it is not today
     <time data-on datetime="…">      the day, with its year when it is not this one */

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

export function keepMoments(locale) {
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "always", style: "short" });
  const days = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short" });
  const daysOfYears = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year: "numeric" });
  const hours = new Intl.DateTimeFormat(locale, { timeStyle: "short" });
  const dayAndHour = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", hour: "numeric", minute: "2-digit" });
  const now = new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(0, "second");

  function said(seconds, sign) {
    if (seconds < MINUTE) {
      return relative.format(sign * Math.max(1, Math.round(seconds)), "second");
    }
    if (seconds < 90 * MINUTE) {
      return relative.format(sign * Math.round(seconds / MINUTE), "minute");
    }
    return seconds < 36 * HOUR ? relative.format(sign * Math.round(seconds / HOUR), "hour") : "";
  }

  function text(time) {
    const moment = new Date(time.dateTime);
    const left = (moment - Date.now()) / 1000;
    if (Number.isNaN(left)) {
      return time.textContent;
    }
    if (time.dataset.on !== undefined) {
      return (moment.getFullYear() === new Date().getFullYear() ? days : daysOfYears).format(moment);
    }
    if (time.dataset.at !== undefined) {
      return moment.toDateString() === new Date().toDateString() ? hours.format(moment) : dayAndHour.format(moment);
    }
    if (time.dataset.until !== undefined) {
      return left <= 0 ? now : said(left, 1) || dayAndHour.format(moment);
    }
    return left > -5 ? now : said(-left, -1) || (left < -2 * DAY ? days : dayAndHour).format(moment);
  }

  function paint() {
    for (const time of document.querySelectorAll("time[data-until], time[data-ago], time[data-at], time[data-on]")) {
      const words = text(time);
      if (words !== time.textContent) {
        time.textContent = words;
      }
    }
  }

  paint();
  setInterval(paint, 1000);
  return paint;
}

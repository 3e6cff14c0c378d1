/* The page's own words. Gmail's page is in its user's language, its labels for assistive technology too. */

import { language } from "./dom.js";

const WORDS = {
  en: {
    inbox: "Inbox", starred: "Starred", sent: "Sent", drafts: "Drafts", all: "All Mail", spam: "Spam", trash: "Trash",
    account: "Google Account", compose: "Compose", message: "New Message", to: "To", cc: "Cc", bcc: "Bcc", subject: "Subject",
    body: "Message Body", send: "Send", discard: "Discard draft", close: "Save & close", back: "Back to list", archive: "Archive",
    trashIt: "Delete", star: "Star", markUnread: "Mark as unread", reply: "Reply", replyAll: "Reply all", refresh: "Refresh",
    older: "Older", me: "me", noSubject: "(no subject)", empty: "Nothing here.", search: "Search mail", signOut: "Sign out",
    add: "Add another account", labels: "Labels", failed: "Something went wrong. Try again.", undoneSend: "Message sent", draft: "Draft",
    settings: "Sandbox: theme, language, markup", from: "from", mail: "Mail", main: "Main menu", details: "Show details", attachment: "Attachment",
  },
  de: {
    inbox: "Posteingang", starred: "Markiert", sent: "Gesendet", drafts: "Entwürfe", all: "Alle E-Mails", spam: "Spam", trash: "Papierkorb",
    account: "Google-Konto", compose: "Schreiben", message: "Neue Nachricht", to: "An", cc: "Cc", bcc: "Bcc", subject: "Betreff",
    body: "Nachrichtentext", send: "Senden", discard: "Entwurf verwerfen", close: "Speichern und schließen", back: "Zurück zur Liste", archive: "Archivieren",
    trashIt: "Löschen", star: "Markieren", markUnread: "Als ungelesen markieren", reply: "Antworten", replyAll: "Allen antworten", refresh: "Aktualisieren",
    older: "Älter", me: "ich", noSubject: "(kein Betreff)", empty: "Nichts vorhanden.", search: "In E-Mails suchen", signOut: "Abmelden",
    add: "Weiteres Konto hinzufügen", labels: "Labels", failed: "Ein Fehler ist aufgetreten.", undoneSend: "Nachricht gesendet", draft: "Entwurf",
    settings: "Sandbox: Design, Sprache, Markup", from: "von", mail: "Mail", main: "Hauptmenü", details: "Details anzeigen", attachment: "Anhang",
  },
  ar: {
    inbox: "البريد الوارد", starred: "مميّزة بنجمة", sent: "المرسلة", drafts: "المسودات", all: "جميع الرسائل", spam: "الرسائل غير المرغوب فيها", trash: "المهملات",
    account: "حساب Google", compose: "إنشاء", message: "رسالة جديدة", to: "إلى", cc: "نسخة إلى", bcc: "نسخة مخفية الوجهة إلى", subject: "الموضوع",
    body: "نص الرسالة", send: "إرسال", discard: "تجاهل المسودة", close: "حفظ وإغلاق", back: "رجوع إلى القائمة", archive: "أرشفة",
    trashIt: "حذف", star: "تمييز بنجمة", markUnread: "وضع علامة غير مقروءة", reply: "رد", replyAll: "الرد على الكل", refresh: "تحديث",
    older: "الأقدم", me: "أنا", noSubject: "(بلا موضوع)", empty: "لا شيء هنا.", search: "البحث في البريد", signOut: "تسجيل الخروج",
    add: "إضافة حساب آخر", labels: "التصنيفات", failed: "حدث خطأ. أعد المحاولة.", undoneSend: "تم إرسال الرسالة", draft: "مسودة",
    settings: "Sandbox: المظهر واللغة والترميز", from: "من", mail: "بريد", main: "القائمة الرئيسية", details: "عرض التفاصيل", attachment: "مرفق",
  },
};

export function word(name) {
  return WORDS[language][name];
}

export function shortTime(at) {
  const moment = new Date(at);
  const today = moment.toDateString() === new Date().toDateString();
  return new Intl.DateTimeFormat(language, today ? { timeStyle: "short" } : { month: "short", day: "numeric" }).format(moment);
}

export function longTime(at) {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(new Date(at));
}

export function size(bytes) {
  const power = Math.min(2, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const unit = ["byte", "kilobyte", "megabyte"][power];
  return new Intl.NumberFormat(language, { style: "unit", unit, unitDisplay: "short", maximumFractionDigits: 1 }).format(bytes / 1024 ** power);
}

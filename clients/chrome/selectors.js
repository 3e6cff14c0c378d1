/* Where things are in Gmail's page: data alone, so that a change of Gmail's is mended here and nowhere else.

   Each entry is a list that is tried in order. Attributes that Gmail has kept for years come before its class names. */
"use strict";

globalThis.alongsideSelectors = Object.freeze({
  /* The view that is shown; Gmail keeps earlier ones, hidden. */
  view: ['[role="main"]'],
  /* What has to be there for the pane to stand beside the mail; else it floats above the page. */
  columns: [".nH.bkL", ".aeF"],
  /* What stands above the columns at the edge that the pane takes: windows for writing. */
  windows: [".dw"],
  /* The heading of an open conversation, with its id. */
  thread: ["h2[data-legacy-thread-id]", ".hP[data-legacy-thread-id]", "h2[data-thread-perm-id]", "[data-thread-perm-id]"],
  threadIds: ["data-legacy-thread-id", "data-thread-perm-id"],
  /* Messages that are open, then all of a conversation. */
  open: [".h7 [data-legacy-message-id]", '[aria-expanded="true"] [data-message-id]', "[data-legacy-message-id].adn.ads"],
  messages: ["[data-legacy-message-id]", "[data-message-id]"],
  messageIds: ["data-legacy-message-id", "data-message-id"],
  /* Within one message. */
  from: [".gD[email]", "h3 [email]"],
  to: [".g2[email]", ".hb [email]"],
  body: [".a3s.aiL", ".a3s"],
  attachment: ["[download_url]"],
  attachmentSize: [".SaH2Ve"],
  /* A message that is being written: in a window, or below a conversation. */
  compose: ['[role="dialog"]:has([name="subjectbox"])', ".nH.Hd", ".M9", ".ip"],
  /* Whose mailbox it is. */
  account: ['a[aria-label*="Google Account"]', "header a[aria-label*='@']", "a.gb_B[aria-label*='@']"],
});

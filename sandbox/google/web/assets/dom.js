/* Elements with Gmail's markup: class names, attributes and roles as they are found there, or, with the address
   parameter `markup=changed`, as they could be tomorrow: other class names, none of the attributes that name ids and
   people, no role of main. The page's own looks hang on `sb-` classes, which exist in both. */

const parameters = new URLSearchParams(window.location.search);
export const markup = parameters.get("markup") || "usual";
export const theme = parameters.get("theme") || "";
export const language = ["de", "ar"].includes(parameters.get("hl")) ? parameters.get("hl") : "en";

const changed = markup === "changed";
const GONE = /^(data-legacy-|data-thread-|data-message-id|data-hovercard-id|email$|name$|g_editable|jsname|gh$)/;

function className(text) {
  return text
    .split(" ")
    .filter(Boolean)
    .map((name) => (changed && !name.startsWith("sb-") ? `q${[...name].map((one) => one.charCodeAt(0).toString(36)).join("")}` : name))
    .join(" ");
}

/* `attributes` may hold `class`, `text`, `on` (listeners by name) and everything that setAttribute takes; null and
   undefined are left out, true is an empty attribute. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) {
      continue;
    }
    if (name === "class") {
      element.className = className(value);
    } else if (name === "text") {
      element.textContent = value;
    } else if (name === "on") {
      for (const [event, listener] of Object.entries(value)) {
        element.addEventListener(event, listener);
      }
    } else if (!(changed && (GONE.test(name) || (name === "role" && value === "main")))) {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const html = window.trustedTypes
  ? window.trustedTypes.createPolicy("gmail#html", { createHTML: (text) => text })
  : { createHTML: (text) => text };

/* The server has cleaned it; nothing else comes this way. */
export function fill(element, text) {
  element.innerHTML = html.createHTML(text);
  return element;
}

/* Gmail numbers its elements like this, anew on every load. */
let serial = 27;
export function number() {
  serial += 1;
  return `:${serial.toString(36)}`;
}

export function decoded(text) {
  return new DOMParser().parseFromString(html.createHTML(text), "text/html").body.textContent;
}

/* What a text refers to: links to the organisation's own Salesforce, and case references. Nothing else of it goes on.

   A plain script without imports, so that an extension can carry a copy; it gives `alongsideReferences.within`. */
"use strict";

globalThis.alongsideReferences = (function () {
  const MOST = 20;
  const MOST_TEXT = 256 * 1024;
  const LINKS = /https?:\/\/[^\s<>"']{3,500}/gi;
  const CASES = /ref:\s*[_!]?[A-Za-z0-9]{5,18}\.[_!]?[A-Za-z0-9]{5,18}\s*:ref/gi;
  const OWN = /^([a-z0-9-]+)\.((?:sandbox|develop|scratch)\.)?my\.salesforce\.com$/;

  /* The org's host, and the one under which its pages are shown. */
  function hostsOf(org) {
    const address = URL.parse ? URL.parse(org) : null;
    const found = OWN.exec(address?.hostname || "");
    const pages = found ? [`${found[1]}.${found[2] || ""}lightning.force.com`] : [];
    return address ? [address.host, ...pages] : [];
  }

  /* `text` may be HTML; `org` is the address of the organisation's Salesforce. */
  function within(text, org) {
    const hosts = hostsOf(org);
    const some = text.slice(0, MOST_TEXT);
    const links = (some.match(LINKS) || []).filter((link) => hosts.includes((URL.parse ? URL.parse(link) : null)?.host));
    return [...new Set([...links, ...(some.match(CASES) || [])])].slice(0, MOST);
  }

  return { within };
})();

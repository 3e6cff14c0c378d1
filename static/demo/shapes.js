/* The mail clients that the demo can be, and what the address says of it:

     /demo/?host=web|new|windows|mac|ios|android|onprem|onprem-windows   which client
           &mode=read|compose|organizer|attendee                         what is open at the start
           &owner=tom.okafor&access=shared|delegated                     whose mailbox, where it is not the person's own
           &nested=silent|popup|cancelled|denied|disabled|none           nested app authentication
           &nested=office|office-popup                                   neither that nor dialogs: Office's own token
           &changed=once|late|doubled|missing|null                       how the client tells that another item is open
           &pin=0                                                        the pane is not pinned and closes with the item
           &theme=dark &lang=ar                                          theme, display language

   Requirement sets: https://learn.microsoft.com/javascript/api/requirement-sets/outlook/outlook-api-requirement-sets */

const sets = (mailbox, more = {}) => ({ Mailbox: mailbox, ...more });
const SIGN_IN = { IdentityAPI: "1.3", NestedAppAuth: "1.1", DialogApi: "1.2", DialogOrigin: "1.1" };
const PLAIN = { DialogApi: "1.1" };
const CLOUD = { accountType: "office365", restUrl: true, isOwnServer: false };
const OWN = { accountType: "enterprise", restUrl: false, isOwnServer: true };

const client = (platform, hostName, hostVersion, more) => ({
  platform,
  restIds: false,
  pinning: true,
  isSmall: false,
  theme: true,
  ...more,
  diagnostics: { hostName, hostVersion, ...(hostName === "OutlookWebApp" ? { OWAView: "ThreeColumns" } : {}) },
});

export const SHAPES = {
  web: client("OfficeOnline", "OutlookWebApp", "20261101.1", { ...CLOUD, sets: sets("1.15", SIGN_IN) }),
  new: client("OfficeOnline", "newOutlookWindows", "20261101.1", { ...CLOUD, sets: sets("1.15", SIGN_IN) }),
  windows: client("PC", "Outlook", "16.0.18324.20190", { ...CLOUD, sets: sets("1.15", SIGN_IN) }),
  mac: client("Mac", "Outlook", "16.91.1111.0", { ...CLOUD, sets: sets("1.14", SIGN_IN) }),
  ios: client("iOS", "OutlookIOS", "4.2445.0", { ...CLOUD, sets: sets("1.5", SIGN_IN), restIds: true, pinning: false, isSmall: true, theme: false }),
  android: client("Android", "OutlookAndroid", "4.2445.1", { ...CLOUD, sets: sets("1.5", SIGN_IN), restIds: true, pinning: false, isSmall: true, theme: false }),
  onprem: client("OfficeOnline", "OutlookWebApp", "15.2.1544.11", { ...OWN, sets: sets("1.5", PLAIN), theme: false }),
  "onprem-windows": client("PC", "Outlook", "16.0.10415.20025", { ...OWN, sets: sets("1.5", PLAIN) }),
};

const among = (value, ...choices) => (choices.includes(value) ? value : choices[0]);

/* What the address chooses; what it names wrongly is as if it were not there. */
export function chosen(search) {
  const given = new URLSearchParams(search);
  const host = Object.hasOwn(SHAPES, given.get("host") || "") ? given.get("host") : "web";
  const nested = among(given.get("nested"), "silent", "popup", "cancelled", "denied", "disabled", "none", "office", "office-popup");
  const shape = structuredClone(SHAPES[host]);
  if (["none", "office", "office-popup"].includes(nested)) {
    delete shape.sets.NestedAppAuth;
  }
  if (nested.startsWith("office")) {
    delete shape.sets.DialogApi;
    delete shape.sets.DialogOrigin;
  }
  return {
    host,
    shape,
    nested,
    mode: among(given.get("mode"), "read", "compose", "organizer", "attendee"),
    owner: given.get("owner") || "",
    access: among(given.get("access"), "shared", "delegated"),
    changed: among(given.get("changed"), "once", "late", "doubled", "missing", "null"),
    pinned: shape.pinning && given.get("pin") !== "0",
    theme: given.get("theme") || "",
    language: /^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(given.get("lang") || "") ? given.get("lang") : "",
  };
}

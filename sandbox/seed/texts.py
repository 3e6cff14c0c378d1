"""The words of the seeded mail. `{…}` places are filled from the company's own records."""

# ruff: noqa: E501 - one sentence a line

from __future__ import annotations

from typing import NamedTuple


class Topic(NamedTuple):
    """What a conversation is about. `turns` go back and forth; each holds several ways to say the same thing."""

    subjects: tuple[str, ...]
    turns: tuple[tuple[str, ...], ...]
    file: str = ""  # the kind of file that goes with the second turn


TOPICS: tuple[Topic, ...] = (
    Topic(
        ("Quote for {qty} {product}", "Price request: {product}", "{product} for {site}", "{opp}"),
        (
            (
                "We are planning the work at {site} and need {qty} {product}. Could you send a quote by {day}?",
                "Please quote us for {qty} {product}, delivered to {site}. The budget for {opp} closes on {day}.",
                "Following our call, {qty} {product} would cover both lines at {site}. What would that cost us?",
                "My colleagues in {site} asked for {qty} {product}. Is your list price still the one from spring?",
            ),
            (
                "The quote is attached: {qty} {product} at {amount}, valid until {day}. Delivery takes about {weeks} weeks.",
                "Please find our offer over {amount}. I have kept the price per piece from your last order.",
                "{amount} for the {qty} {product}, calibration certificates included. The details are in the attached offer.",
            ),
            (
                "Thank you. Finance asks whether {amount} includes freight to {site}.",
                "That is a little above what we had in mind. Is there room if we take {more} instead of {qty}?",
                "Looks fine to me. I need one more signature and expect it on {day}.",
            ),
            (
                "Freight is included. For {more} pieces I can go down by four per cent; a new offer follows tomorrow.",
                "Yes, everything is included but the import duty. Shall I reserve the stock for you until {day}?",
                "I have talked to our production: {more} pieces are possible by {day}, at the same price.",
            ),
            (
                "Good. Please go ahead, the order number is {po}.",
                "Approved here. You will receive order {po} from our purchasing system this week.",
                "We take it. Please put {po} on the invoice, otherwise it will be sent back.",
            ),
        ),
        "quote",
    ),
    Topic(
        ("Order {po}", "Delivery date for {po}", "Where is {po}?", "Partial delivery {po}"),
        (
            (
                "Our order {po} was due on {day} and has not arrived at {site}. Do you have a tracking number?",
                "Could you confirm the delivery date for {po}? The fitters are booked for {day}.",
                "Only part of {po} came in today: {qty} {product} are missing. When can we expect the rest?",
            ),
            (
                "I am sorry for the trouble. The carrier lost two days in customs; {po} will be with you on {day}.",
                "The parcel left our warehouse this morning. The delivery note is attached.",
                "The missing {product} are packed and go out on {day}. You will not be charged for the second freight.",
            ),
            (
                "Thanks for the quick answer. Please send it to the back gate, the front one is closed until {day}.",
                "That works. I will tell the fitters.",
                "It arrived, all {qty} pieces complete. Thank you for chasing this.",
            ),
        ),
        "delivery",
    ),
    Topic(
        ("Invoice {invoice}", "Question about invoice {invoice}", "Payment of {invoice}"),
        (
            (
                "Invoice {invoice} shows {amount}, our order {po} says less. Could you check?",
                "We moved our accounts department. Please send {invoice} again with the new address in {site}.",
                "Invoice {invoice} is due on {day} and your bank details look different from last time. Are they right?",
            ),
            (
                "You are right, the discount was missing. The corrected invoice is attached.",
                "I have asked our accounts to issue it again. A copy is attached for your files.",
                "Thank you for asking. Nothing has changed on our side: please use the details that you have on file only.",
            ),
            (
                "Perfect, it will be in the payment run on {day}.",
                "Received, thank you. Our controller is happy now.",
            ),
        ),
        "invoice",
    ),
    Topic(
        ("{case_subject}", "Problem at {site}: {case_subject}", "{product}: {case_subject}"),
        (
            (
                "Since {day} we see this on the {product} at {site}: {case_lower}. Is that known?",
                "One of my technicians reports: {case_lower}. We have switched the unit off and on, without effect.",
                "We have the same trouble as last year: {case_lower}. Production is not stopped, but it is annoying.",
            ),
            (
                "Could you send the serial number and a photograph of the display? I have told our support as well.",
                "That sounds like firmware 2.{qty}. The note attached says how to update it; it takes ten minutes.",
                "Our support opened a case for it. They will call you before {day}.",
            ),
            (
                "The serial number is LK-{serial}. The photograph follows as soon as I am on site.",
                "The update helped with two of the three units. The third one behaves as before.",
                "Nobody has called yet. Could you look into it? We have an audit on {day}.",
            ),
            (
                "A replacement for LK-{serial} leaves tomorrow. Please send the old one back in the same box.",
                "I am sorry that you had to ask. Our engineer has you on the list for this afternoon.",
            ),
        ),
        "note",
    ),
    Topic(
        ("Visit on {day}", "Meeting in {site}", "Are you at the fair?", "Site visit {site}"),
        (
            (
                "I will be near {site} on {day}. Would you have half an hour to look at the line together?",
                "It was good to meet you at the fair. You mentioned {product} for {site}: shall we continue on site?",
                "To prepare {opp}, I would like to see how the {product} are mounted today. Does {day} suit you?",
            ),
            (
                "{day} is good, after ten please. You need safety shoes; helmets are at the gate.",
                "I am away that week, but my colleague can show you around. I have put her in copy.",
                "Happy to. Please bring a demonstration unit if you can, our technicians would like to touch one.",
            ),
            (
                "Thank you for your time yesterday. My notes: {qty} points to measure, decision by {day}, training for two.",
                "As promised, the notes of our meeting. Tell me if I forgot something.",
            ),
        ),
    ),
    Topic(
        ("Contract {opp}", "Draft agreement", "Terms for {opp}", "NDA before {opp}"),
        (
            (
                "Our legal department has read the draft and asks for two changes in section {weeks}, marked in the text.",
                "Before we go on with {opp} we need a signed confidentiality agreement. Ours is two pages long.",
                "Could we agree on payment within 45 days for {opp}? It is our rule for contracts above {amount}.",
            ),
            (
                "The first change is fine. For the second I propose the wording of our contract from last year, attached.",
                "Signed and attached. Please return one copy with your signature.",
                "45 days are possible if the order is placed before {day}.",
            ),
            (
                "Legal agrees. You will have the signed version by {day}.",
                "Thank you, that was the last open point on our side.",
            ),
        ),
        "contract",
    ),
    Topic(
        ("Training at {site}", "Introduction to the portal", "New colleague, new questions"),
        (
            (
                "Two new people start here on {day}. Can they join your next training for {product}?",
                "How do I give a colleague access to the portal? He is going to look after {site} from {day}.",
                "We would like to learn how to read the calibration reports ourselves. Do you offer a course?",
            ),
            (
                "The next course is on {day}, there are {qty} places left. The programme is attached.",
                "Under Settings, then People. I have sent the invitation for him, it is valid for a week.",
                "We do: half a day, online or in {site}. {amount} for the group, whatever its size.",
            ),
            (
                "Please put us down for two places.",
                "That worked at once, thank you.",
                "Online is fine. Could we record it for the night shift?",
            ),
        ),
        "programme",
    ),
    Topic(
        ("Renewal of the service agreement", "{opp}", "Your agreement ends on {day}"),
        (
            (
                "Your service agreement for {site} ends on {day}. Shall we renew it on the same terms?",
                "A short reminder: {opp} is open since last month. Is there anything that you still need from me?",
                "Next year's calibration slots are filling up. If we settle {opp} by {day}, I can keep yours.",
            ),
            (
                "We are happy with the service, but the price went up by {weeks} per cent. Please explain the difference.",
                "The decision lies with our board, which meets on {day}. I expect no objections.",
                "Please send the figures for one and for three years, so that I can compare.",
            ),
            (
                "The difference is the on-site visit that your colleagues asked for. Without it we are at {amount}.",
                "Attached: one year at {amount}, three years with seven per cent off.",
            ),
            (
                "Clear now. We go for three years.",
                "Thank you. I will present both on {day} and come back to you.",
            ),
        ),
        "quote",
    ),
)

GREETINGS = ("Hi {first},", "Hello {first},", "Dear {first},", "Good morning {first},", "{first},", "Hi {first} -")
OPENINGS = (
    "",
    "",
    "",
    "I hope you had a good weekend.",
    "Thank you for the call this morning.",
    "Sorry for the late answer, last week was inventory.",
    "Short question from my side.",
    "I tried to reach you by telephone.",
    "Coming back to what we discussed.",
    "Just back from holiday and working through my list.",
)
DETAILS = (
    "",
    "",
    "Our number for it is {po}.",
    "The drawings have not changed since the first phase.",
    "The room is at 40 °C in summer, so please keep the range in mind.",
    "If it is easier, call me on Thursday between two and four.",
    "My deputy has all the details as well.",
    "By the way, the units from last year run without a single fault.",
    "We would rather wait a week than get half of it.",
    "The people in {site} have been told.",
    "For the files: it belongs to {opp}.",
)
CLOSINGS = (
    "",
    "Thanks in advance.",
    "Many thanks for your help.",
    "Please let me know either way.",
    "Looking forward to hearing from you.",
    "No hurry, end of the week is fine.",
    "Tell me if anything is missing.",
)
FAREWELLS = ("Best regards", "Kind regards", "Regards", "Best", "Many thanks", "With best wishes")
PRODUCTS = (
    "pressure gauges",
    "flow meters",
    "data loggers",
    "level sensors",
    "thermometers",
    "humidity sensors",
    "torque wrenches",
    "pH probes",
    "vibration sensors",
)
INTERNAL: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Pipeline call on Monday", ("Please bring your forecast up to date before ten. We look at {account} first.",)),
    (
        "{account}: who visits?",
        ("I am in the area on {day}. Shall I drop in at {account}, or do you want to go yourself?",),
    ),
    ("Holiday cover", ("I am away from {day}. Could you keep an eye on {opp}? Everything is in Salesforce.",)),
    ("Price list for next year", ("The new list is on the drive. {product} go up by three per cent, the rest stays.",)),
    (
        "Kitchen on the second floor",
        ("The new coffee machine is here. Please read the note before you press anything.",),
    ),
    (
        "{account} asks for a discount",
        ("They want eight per cent on {qty} {product}. I would stop at five. Opinions?",),
    ),
    ("Demo unit", ("Who has the demo {product}? I need it for {account} on {day}.",)),
    ("Expense reports", ("The reports for last month are due on {day}. The form has changed, sorry.",)),
)
NEWSLETTERS: tuple[tuple[str, str, str, str], ...] = (
    ("Metrology Today", "news", "metrologytoday.example", "Five things to know about uncertainty budgets"),
    (
        "Gauge & Sensor Weekly",
        "weekly",
        "gaugeweekly.example",
        "This week: ultrasonic flow, a recall, two new standards",
    ),
    ("Harbour Tech Fair", "info", "harbourtechfair.example", "Your ticket is waiting: early prices end soon"),
    ("CloudDesk", "updates", "clouddesk.example", "What is new in your workspace"),
    ("Trade Data Digest", "digest", "tradedata.example", "Exports of instruments up in the third quarter"),
    ("Standards Committee", "list", "standards-forum.example", "[calibration] Draft 4 is open for comments"),
)
STRANGERS: tuple[tuple[str, str, str, str], ...] = (
    (
        "Wendy Arkwright",
        "wendy@arkwright-tools.example",
        "Enquiry from your website",
        "{qty} {product} for a new test bench",
    ),
    (
        "Piotr Lis",
        "p.lis@lisgroup.example",
        "Distributor in Gdańsk?",
        "a partnership for {product} in the north of Poland",
    ),
    (
        "Harriet Bloom",
        "harriet.bloom@outlook.com",
        "Student project",
        "advice on {product} for my thesis at the college",
    ),
    (
        "Sales Team",
        "sales@leadfountain.example",
        "Double your meetings",
        "a list of 10,000 decision makers in your field",
    ),
    (
        "Óscar Vidal",
        "oscar@vidalingenieros.example",
        "Referred by Quintero",
        "{qty} {product} for a water plant near Huesca",
    ),
    ("Mei Tanaka", "tanaka@kitahama-lab.example", "Sample request", "one of your {product} for two weeks of testing"),
)
FOREIGN: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "ar",
        "استفسار عن عرض السعر رقم {po}",
        (
            "السلام عليكم،",
            "نرجو إرسال عرض سعر محدث لعدد {qty} من أجهزة قياس الضغط، مع شهادات المعايرة.",
            "موعد التسليم المطلوب إلى المستودع (Warehouse 7) هو {day}.",
            "مع خالص التحية",
        ),
    ),
    (
        "he",
        "שאלה לגבי הזמנה {po}",
        (
            "שלום,",
            "מתי צפויה להגיע ההזמנה {po}? אנחנו צריכים את החיישנים עד {day}.",
            "נא לעדכן גם את Eitan.",
            "תודה רבה",
        ),
    ),
    (
        "de",
        "Rückfrage zum Angebot für Größe {qty}",
        (
            "Guten Tag,",
            "vielen Dank für Ihr Angebot. Ist der Preis von {amount} inklusive Kalibrierschein nach Werksnorm?",
            "Die Lieferung müsste bis {day} in unserem Lager ankommen.",
            "Mit freundlichen Grüßen",
        ),
    ),
    (
        "ja",
        "圧力計 {qty} 台のお見積りについて",
        (
            "お世話になっております。",
            "圧力計 {qty} 台のお見積りをお願いいたします。納期は {day} を希望しております。",
            "よろしくお願いいたします。",
        ),
    ),
    (
        "fr",
        "Étalonnage des thermomètres – créneau du {day}",
        (
            "Bonjour,",
            "Pourriez-vous confirmer l’intervention prévue le {day} ? L’accès au chai est possible dès 8 h.",
            "Bien cordialement,",
        ),
    ),
    (
        "el",
        "Ερώτηση για τους αισθητήρες στάθμης",
        (
            "Καλημέρα σας,",
            "Χρειαζόμαστε {qty} αισθητήρες στάθμης έως {day}. Μπορείτε να στείλετε προσφορά;",
            "Με εκτίμηση",
        ),
    ),
)

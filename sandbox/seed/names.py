"""The people and companies of the seed: plain tables, written by hand so that they read like a real customer list.

Every domain is under `.example`, but for one free-mail address, which the rules about free-mail need.
"""

from __future__ import annotations

from typing import NamedTuple


class AccountRow(NamedTuple):
    """`domain` carries the contacts' addresses; `website` is spelt as somebody typed it."""

    name: str
    domain: str
    website: str | None
    type: str
    industry: str
    country: str
    city: str
    phone: str
    tongue: str


_ACCOUNTS = """
Northwind Ltd | northwind.example | https://www.northwind.example | Customer | Shipping | UK | Bristol | +44 117 555 0110 | en
Brightwater Logistics GmbH | brightwater.example | www.brightwater.example | Customer | Transportation | Germany | Bremen | +49 421 555 0120 | de
Brightwater Logistics UK Ltd | brightwater.example | http://brightwater.example/uk | Customer | Transportation | UK | Felixstowe | +44 1394 555 012 | en
Ashdown Civil Engineering | ashdowncivil.example | ashdowncivil.example | Customer | Engineering | UK | Leeds | +44 113 555 0130 | en
Müller Präzision AG | müller-präzision.example | https://www.müller-präzision.example/de/ | Customer | Manufacturing | Switzerland | Winterthur | +41 52 555 01 40 | de
Vantor Energy | vantor.example | HTTPS://VANTOR.EXAMPLE | Customer | Energy | Netherlands | Rotterdam | +31 10 555 0150 | nl
Laboratorios Quintero S.A. | quintero.example | https://quintero.example/inicio?lang=es | Prospect | Biotechnology | Spain | Zaragoza | +34 976 555 016 | es
Ménard & Fils | menard-fils.example | www.menard-fils.example/ | Prospect | Food & Beverage | France | Dijon | +33 3 80 55 01 70 | fr
Kestrel Avionics | kestrelavionics.example | https://kestrelavionics.example:443/ | Customer | Electronics | USA | Wichita, KS | +1 316 555 0180 | en
Al Noor Trading LLC | alnoor.example | http://www.alnoor.example | Customer | Retail | United Arab Emirates | Sharjah | +971 6 555 0190 | ar
Tamar Medical Devices | tamarmed.example | https://tamarmed.example | Prospect | Healthcare | Israel | Haifa | +972 4 555 0200 | he
Hikari Seimitsu K.K. | hikari-seimitsu.example | hikari-seimitsu.example/jp | Customer | Manufacturing | Japan | Nagano | +81 26 555 0210 | ja
Sunrise Optics Co. | sunriseoptics.example | https://en.sunriseoptics.example | Technology Partner | Electronics | China | Suzhou | +86 512 5550 220 | zh
Nordfjord Sjømat AS | nordfjord.example | https://www.nordfjord.example | Customer | Food & Beverage | Norway | Ålesund | +47 555 02 30 | no
Zakład Optyczny Brzeziński | brzezinski.example | brzezinski.example | Prospect | Manufacturing | Poland | Wrocław | +48 71 555 02 40 | pl
Officine Bellandi S.p.A. | bellandi.example | https://www.bellandi.example/it/home | Customer | Machinery | Italy | Brescia | +39 030 555 0250 | it
Harbour Street Bakery | gmail.com | www.gmail.com | Customer | Food & Beverage | UK | Whitby | +44 1947 555 026 | en
Pellucid Glassworks | pellucid.example | https://pellucid.example | Customer | Manufacturing | Ireland | Waterford | +353 51 555 027 | en
Ironbridge Water Authority | ironbridgewater.example | www.ironbridgewater.example | Customer | Utilities | UK | Telford | +44 1952 555 028 | en
Quayside Property Group | quaysidepg.example | http://quaysidepg.example/about-us | Prospect | Construction | UK | Newcastle | +44 191 555 0290 | en
Delmar Shipyards | delmar.example | delmar.example | Customer | Shipping | USA | Mobile, AL | +1 251 555 0300 | en
Fenwick & Rowe Surveyors | fenwickrowe.example | https://fenwickrowe.example | Customer | Consulting | UK | Norwich | +44 1603 555 031 | en
Oliveira Têxteis Lda | oliveiratexteis.example | https://www.oliveiratexteis.example | Prospect | Apparel | Portugal | Guimarães | +351 253 555 032 | pt
Σκυρόδεμα Αιγαίου Α.Ε. | skyrodema.example | www.skyrodema.example | Prospect | Construction | Greece | Piraeus | +30 21 0555 0330 | el
Yılmaz Makina Sanayi | yilmazmakina.example | https://yilmazmakina.example/tr | Customer | Machinery | Türkiye | Bursa | +90 224 555 0340 | tr
Castlegate University | castlegate-uni.example | https://www.castlegate-uni.example/physics/ | Customer | Education | UK | York | +44 1904 555 035 | en
Redwood Analytical Labs | redwoodlabs.example | redwoodlabs.example/ | Customer | Biotechnology | USA | Eureka, CA | +1 707 555 0360 | en
Stellar Freight Partners | stellarfreight.example | https://stellarfreight.example | Channel Partner / Reseller | Transportation | Canada | Halifax, NS | +1 902 555 0370 | en
Győri Műszergyár Kft. | gyorimuszer.example | http://gyorimuszer.example | Prospect | Manufacturing | Hungary | Győr | +36 96 555 038 | hu
Lakeview Hospital Trust | lakeviewtrust.example | https://www.lakeviewtrust.example | Customer | Healthcare | UK | Kendal | +44 1539 555 039 | en
Copperfield Mining | copperfieldmining.example | www.copperfieldmining.example | Prospect | Energy | Australia | Kalgoorlie | +61 8 5550 0400 | en
Svensk Mätteknik AB | svenskmatteknik.example | https://svenskmatteknik.example | Installation Partner | Engineering | Sweden | Västerås | +46 21 555 041 | sv
Beaumont Vineyards | beaumontvineyards.example | beaumontvineyards.example | Customer | Agriculture | France | Libourne | +33 5 57 55 04 20 | fr
Orchard Hill Insurance | orchardhill.example | https://orchardhill.example/contact#top | Prospect | Insurance | Ireland | Kilkenny | +353 56 555 043 | en
Prairie Wind Turbines | prairiewind.example | https://www.prairiewind.example | Customer | Energy | USA | Amarillo, TX | +1 806 555 0440 | en
Tidewater Environmental | tidewaterenv.example | tidewaterenv.example | Prospect | Environmental | USA | Norfolk, VA | +1 757 555 0450 | en
Silverline Telecom | silverlinetel.example | https://silverlinetel.example | Customer | Telecommunications | UK | Reading | +44 118 555 0460 | en
Morgenstern Chemie GmbH & Co. KG | morgenstern-chemie.example | www.morgenstern-chemie.example | Customer | Chemicals | Germany | Leverkusen | +49 214 555 0470 | de
Blue Anchor Marine Survey | blueanchor.example | - | Prospect | Shipping | UK | Plymouth | +44 1752 555 048 | en
Haddad | cedarpost.example | - | Customer | Consulting | Lebanon | Byblos | +961 9 555 049 | ar
"""  # noqa: E501 - one account a line


def _account(line: str) -> AccountRow:
    name, domain, website, *rest = (cell.strip() for cell in line.split("|"))
    return AccountRow(name, domain, None if website == "-" else website, *rest)


ACCOUNTS: tuple[AccountRow, ...] = tuple(_account(line) for line in _ACCOUNTS.strip().splitlines())

_PEOPLE = """
en: Alice/Thornbury/alice.thornbury; Gareth/Pike/gareth.pike; Naomi/Bletchley/n.bletchley;
en: Callum/O'Shaughnessy/callum.oshaughnessy; Ruth/Adeyemi/ruth.adeyemi;
en: Hamish/MacAllister/hamish.macallister; Priya/Nair/priya.nair; Edward/Lockwood/edward.lockwood;
en: Siobhán/Ní Dhomhnaill/siobhan; Marcus/Bell/mbell; Joanna/Whitcombe/joanna.whitcombe;
en: Derek/Fairweather/derek.fairweather; Imogen/Carr/imogen.carr; Tobias/Ellery/t.ellery;
en: Yvonne/Castellane/yvonne.castellane; Rashid/Karim/rashid.karim; Beth/Harrowgate/beth.harrowgate;
en: Leonard/Voss/leonard.voss; Grace/Okonkwo/grace.okonkwo; Stuart/Penhaligon/stuart.penhaligon;
en: Melissa/Tran/melissa.tran; Oscar/Delacroix-Smith/oscar.ds; Fiona/Abernathy/fiona.abernathy;
en: Peter/van Houten/peter.vanhouten; Claire/Ashworth/claire.ashworth; Dominic/Reeve/dominic.reeve;
en: Hannah/Kowalczyk/hannah.kowalczyk; Arthur/Pemberton/arthur.pemberton;
en: Zoe/Marchetti/zoe.marchetti; Vikram/Desai/vikram.desai; Louise/Tennant/louise.tennant;
en: Bruno/Hale/bruno.hale; Karen/Mistry/karen.mistry; Simon/Underhill/simon.underhill;
en: Abigail/Frost/abigail.frost; Patrick/Dunne/patrick.dunne; Rebecca/Stone/rebecca.stone;
en: Jamal/Whitfield/jamal.whitfield; Eleanor/Vance/eleanor.vance; Colin/Ramsbottom/colin.ramsbottom;
en: Tess/Moreau/tess.moreau; Winston/Clarke/winston.clarke; Julia/Sandoval/julia.sandoval;
en: Neil/Prentice/neil.prentice; Farah/Siddiqui/farah.siddiqui; George/Hollis/george.hollis;
en: Martha/Quill/martha.quill; Ewan/Strachan/ewan.strachan; Lucy/Barnard/lucy.barnard;
en: Isaac/Feldman/isaac.feldman; Philippa/Orme/philippa.orme; Desmond/Achebe/desmond.achebe;
en: Heather/Lindqvist/heather.lindqvist; Rory/Gallacher/rory.gallacher; Nadia/Petrova/nadia.petrova;
en: Clive/Sutherland/clive.sutherland; Monica/Estevez/monica.estevez; Ian/Thackeray/ian.thackeray;
en: Sandra/Blythe/sandra.blythe; Kwame/Boateng/kwame.boateng;
de: Jürgen/Weiß/juergen.weiss; Katrin/Schäfer/katrin.schaefer; Matthias/Böhm/m.boehm;
de: Ulrike/Grünwald/ulrike.gruenwald; Stefan/Großmann/stefan.grossmann; Anneliese/Köhler/a.koehler;
de: Heiko/Petersen/heiko.petersen; Beat/Zürcher/beat.zuercher; Silvia/Ammann/silvia.ammann;
de: Thorsten/Lüdtke/thorsten.luedtke;
nl: Joost/van der Meer/j.vandermeer; Anouk/de Vries/anouk.devries; Sander/Kuipers/sander.kuipers;
es: Íñigo/Larrañaga/inigo.larranaga; María José/Peña Ortiz/mj.pena; Andrés/Quintero/aquintero;
fr: Hélène/Ménard/helene.menard; François/Lefèvre/francois.lefevre; Zoé/d'Aubigné/zoe.daubigne;
fr: Benoît/Châtelain/benoit.chatelain; Gaëlle/Œrtel/gaelle.oertel;
ar: فاطمة/المنصوري/fatima.almansoori; Khalid/Al-Rashidi/khalid.alrashidi; يوسف/حداد/yousef.haddad;
he: נועה/ברק/noa.barak; Eitan/Shalev/eitan.shalev; Tamar/Ben-David/tamar.bendavid;
ja: 健一/佐藤/k.sato; 美咲/高橋/m.takahashi; Hiroshi/Yamamoto/h.yamamoto;
zh: 伟/张/zhang.wei; Xiaoling/Chen/chen.xiaoling; Ming/Zhao/zhao.ming;
no: Bjørn/Ødegård/bjorn.odegard; Åse/Nordfjord/aase; Sigrid/Hæreid/sigrid.haereid;
pl: Łukasz/Brzeziński/lukasz.brzezinski; Małgorzata/Wójcik/m.wojcik; Paweł/Żak/pawel.zak;
it: Niccolò/Bellandi/n.bellandi; Chiara/Ferrì/chiara.ferri; Giuseppe/D'Angelo/giuseppe.dangelo;
pt: João/Oliveira/joao.oliveira; Helena/Conceição/helena.conceicao; Tiago/Magalhães/tiago.magalhaes;
el: Γιώργος/Παπαδόπουλος/g.papadopoulos; Ελένη/Νικολάου/eleni.nikolaou;
el: Nikos/Vasilakis/nikos.vasilakis;
tr: Ayşe/Yılmaz/ayse.yilmaz; Çağrı/Öztürk/cagri.ozturk; Gülşen/Işık/gulsen.isik;
hu: Zsófia/Kovács/zsofia.kovacs; Bálint/Szőke/balint.szoke; Győző/Nagy/gyozo.nagy;
sv: Åsa/Sjöström/asa.sjostrom; Göran/Bäckman/goran.backman; Linnéa/Hägg/linnea.hagg;
"""


def _people() -> dict[str, tuple[tuple[str, str, str], ...]]:
    people: dict[str, tuple[tuple[str, str, str], ...]] = {}
    for line in _PEOPLE.strip().splitlines():
        tongue, _, cells = line.partition(": ")
        for cell in cells.split(";"):
            if cell.strip():
                given, family, mailbox = cell.strip().split("/")
                people[tongue] = (*people.get(tongue, ()), (given, family, mailbox))
    return people


# By language: (given name, family name, local part of the address).
PEOPLE: dict[str, tuple[tuple[str, str, str], ...]] = _people()

TITLES: tuple[str, ...] = (
    "Purchasing Manager",
    "Head of Operations",
    "Quality Engineer",
    "Managing Director",
    "Laboratory Manager",
    "Plant Manager",
    "Finance Controller",
    "IT Manager",
    "Project Lead",
    "Procurement Specialist",
    "Maintenance Supervisor",
    "Chief Technology Officer",
    "Calibration Technician",
    "Commercial Director",
    "Office Manager",
)

LEADS: tuple[tuple[str, str, str, str, str], ...] = (
    ("Rhiannon", "Powell", "Cwm Taf Instruments", "cwmtaf.example", "Technical Director"),
    ("Luca", "Moretti", "Moretti Idraulica", "morettiidraulica.example", "Owner"),
    ("Agnieszka", "Dąbrowska", "Dąbrowska Laboratoria", "dabrowska.example", "Head of Laboratory"),
    ("Samuel", "Okoro", "Lagos Harbour Services", "lagosharbour.example", "Harbour Engineer"),
    ("Ingrid", "Tveit", "Tveit Subsea", "tveitsubsea.example", "Procurement"),
    ("Mateo", "Herrera", "Herrera Solar", "herrerasolar.example", "Founder"),
    ("Jasmine", "Lau", "Peak Metrology", "peakmetrology.example", "Sales Engineer"),
    ("Dmitri", "Volkov", "Baltic Gauge", "balticgauge.example", "Director"),
    ("Amélie", "Rousseau", "Rousseau Conseil", "rousseauconseil.example", "Consultant"),
    ("Tom", "Baxendale", "Baxendale Motors", "baxendalemotors.example", "Workshop Manager"),
    ("Noura", "Al-Sabah", "Gulf Calibration", "gulfcalibration.example", "General Manager"),
    ("Kenji", "Mori", "Mori Instruments", "moriinstruments.example", "Engineer"),
    ("Caroline", "Ashby", "Ashby Dairies", "ashbydairies.example", "Quality Manager"),
    ("Emre", "Kaya", "Kaya Döküm", "kayadokum.example", "Plant Engineer"),
    ("Ludmila", "Nováková", "Nováková Sklo", "novakova.example", "Buyer"),
    ("Brendan", "Foley", "Foley Aggregates", "foleyaggregates.example", "Operations Director"),
    ("Olga", "Saarinen", "Saarinen Paperi", "saarinen.example", "Process Engineer"),
    ("Diego", "Fuentes", "Fuentes Minería", "fuentesmineria.example", "Site Manager"),
    ("Anita", "Rao", "Rao Pharma", "raopharma.example", "Head of Validation"),
    ("Willem", "Jansen", "Jansen Kassenbouw", "jansenkassen.example", "Director"),
    ("Petra", "Holub", "Holub Stavby", "holub.example", "Site Engineer"),
    ("Cedric", "Mbeki", "Cape Reservoir Trust", "capereservoir.example", "Hydrologist"),
    ("Sophie", "Lindgren", "Lindgren Arkitekter", "lindgrenark.example", "Partner"),
    ("Victor", "Almeida", "Almeida Vinhos", "almeidavinhos.example", "Oenologist"),
    ("Hye-jin", "Park", "Hanbit Sensors", "hanbitsensors.example", "Product Manager"),
    ("Gordon", "Muir", "Muir Distillers", "muirdistillers.example", "Head Distiller"),
    ("Rosa", "Iglesias", "Iglesias Cerámica", "iglesiasceramica.example", "Plant Manager"),
    ("Paul", "Zimmer", "Zimmer Feinmechanik", "zimmerfein.example", "Managing Director"),
    ("Leila", "Hosseini", "Hosseini Optics", "hosseinioptics.example", "Research Lead"),
    ("Frank", "Dorsey", "Dorsey Boatworks", "dorseyboats.example", "Owner"),
)

OPPORTUNITY_NAMES: tuple[str, ...] = (
    "Pressure gauges {year}",
    "Calibration contract {year}",
    "Flow meters, line {n}",
    "Replacement of thermometers, hall {n}",
    "Spare parts framework",
    "Data logger pilot",
    "Level sensors, site {n}",
    "Service renewal {year}",
    "Training days, {n} people",
    "Laboratory refit",
    "Humidity sensors, phase {n}",
    "Extra seats for the portal",
)

CASE_SUBJECTS: tuple[str, ...] = (
    "Gauge reads 0.4 bar too high",
    "Certificate missing from delivery",
    "Portal shows the wrong site",
    "Display dark after power cut",
    "Sensor drifts above 60 °C",
    "Wrong thread on fittings",
    "Password reset mail does not arrive",
    "Invoice shows old address",
    "Logger loses the network at night",
    "Replacement arrived damaged",
    "Firmware update stops at 80 %",
    "Please extend the warranty",
)

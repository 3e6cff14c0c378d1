"""What a signature says, in mails as people write them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.rules.signature import Signature, read_signature

ENGLISH = """Hi Mia,

could you send the offer again? The old one has expired.

Kind regards,
Dana Ruiz
VP Operations
Northwind Ltd
T: +44 20 7946 0100 | M: +44 7700 900123
www.northwind.example

On Tue, 24 Nov 2026 at 09:12, Mia Keller <mia.keller@larkfield.example> wrote:
> Kind regards
> Mia Keller
> +1 555 0199
"""
GERMAN = """Guten Tag Frau Keller,

anbei die unterschriebene Bestellung.

Mit freundlichen Grüßen

Jürgen Weißmüller
Leiter Einkauf
Fabrikam Werke GmbH
Industriestraße 12, 70565 Stuttgart
Telefon: +49 711 123456-78
Fax: +49 711 123456-99
Mobil: 0151 23456789
j.weissmueller@fabrikam.example

Von: Mia Keller <mia.keller@larkfield.example>
Gesendet: Montag, 23. November 2026
"""
FRENCH = """Bonjour,

merci pour votre message.

Cordialement,

François Lefèvre
Directeur commercial
Contoso SARL
Tél. : +33 5 57 55 04 20
Portable : +33 6 12 34 56 78

Le lun. 23 nov. 2026 à 10:12, Mia Keller a écrit :
> Bonjour
"""
SPANISH = """Hola Mia:

Perfecto, quedamos así.

Un saludo,
Andrés Quintero Peña - Jefe de Mantenimiento
Laboratorios Quintero S.L.
Móvil: +34 612 345 678
"""
ARABIC = """مرحبا،

شكرا على الرد السريع.

مع أطيب التحيات،
ليلى حداد
مديرة المشتريات
شركة النخيل للتجارة
جوال: +971 50 123 4567
"""
DASHES = "See you then.\n-- \nHiro Tanaka, Plant Manager\nTanaka Seiki Co.\n+81 3-1234-5678\n"


@pytest.mark.parametrize(
    ("text", "name", "address", "expected"),
    [
        (
            ENGLISH,
            "Dana Ruiz",
            "dana@northwind.example",
            ("Dana", "Ruiz", "VP Operations", "Northwind Ltd", "+44 20 7946 0100", "+44 7700 900123"),
        ),
        (
            GERMAN,
            "Jürgen Weißmüller",
            "j.weissmueller@fabrikam.example",
            ("Jürgen", "Weißmüller", "Leiter Einkauf", "Fabrikam Werke GmbH", "+49 711 123456-78", "0151 23456789"),
        ),
        (
            FRENCH,
            "LEFEVRE, François",
            "f.lefevre@contoso.example",
            ("François", "LEFEVRE", "Directeur commercial", "Contoso SARL", "+33 5 57 55 04 20", "+33 6 12 34 56 78"),
        ),
        (
            ARABIC,
            "ليلى حداد",
            "layla@nakheel.example",
            ("ليلى", "حداد", "مديرة المشتريات", "شركة النخيل للتجارة", "", "+971 50 123 4567"),
        ),
        (
            DASHES,
            "Hiro Tanaka",
            "hiro@tanaka.example",
            ("Hiro", "Tanaka", "Plant Manager", "Tanaka Seiki Co.", "+81 3-1234-5678", ""),
        ),
    ],
)
def test_what_a_signature_says(text: str, name: str, address: str, expected: tuple[str, ...]) -> None:
    found = read_signature(text, name=name, address=address)
    assert (found.first_name, found.last_name, found.title, found.company, found.phone, found.mobile) == expected


def test_a_spanish_one_with_its_title_behind_the_name() -> None:
    found = read_signature(SPANISH, name="Andrés Quintero Peña", address="a@quintero.example")
    assert (found.company, found.mobile) == ("Laboratorios Quintero S.L.", "+34 612 345 678")


def test_nothing_is_taken_from_what_is_quoted() -> None:
    found = read_signature(
        "Yes.\n\nOn Monday, Mia Keller wrote:\n> Kind regards\n> Mia\n> +1 555 0199 000",
        name="Dana",
        address="d@x.example",
    )
    assert found == Signature(last_name="Dana")


def test_free_mail_is_no_company() -> None:
    found = read_signature("Regards\nLi Wei\ngmail fan", name="Li Wei", address="li.wei@gmail.com")
    assert (found.company, found.website) == ("", "")


@pytest.mark.parametrize("text", ["", "no signature at all", "Order 4500123456 of 24.11.2026 is late.\nRegards\nDana"])
def test_where_there_is_none_only_the_name_is_known(text: str) -> None:
    found = read_signature(text, name="Dana Ruiz", address="dana@northwind.example")
    assert (found.first_name, found.last_name, found.phone, found.mobile) == ("Dana", "Ruiz", "", "")


def test_a_hostile_text_takes_no_time() -> None:
    begun = time.monotonic()
    for text in ("(" * 60_000, "+1 " * 20_000, "Regards\n" * 8_000, "a | " * 15_000, "--\n" + "9 " * 30_000):
        read_signature(text, name="x" * 500, address="a@b")
    assert time.monotonic() - begun < 10


@given(st.text(max_size=400), st.text(max_size=40), st.text(max_size=40))
def test_any_text_is_read(text: str, name: str, address: str) -> None:
    found = read_signature(text, name=name, address=address)
    assert all("\n" not in value for value in (found.title, found.company, found.phone, found.mobile))

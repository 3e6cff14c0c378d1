"""Addresses: how they are read, written and compared (`sync.rules.addresses`)."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.mail import Address
from sync.rules.addresses import (
    domain_of,
    is_no_reply,
    is_shared_domain,
    normalise,
    parse_addresses,
    registrable_domain,
    without_tag,
)
from sync.rules.words import decode_bytes, decode_words


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("ann@customer.example", [Address("ann@customer.example")]),
        ("Ann Lee <Ann.Lee@Customer.EXAMPLE>", [Address("ann.lee@customer.example", "Ann Lee")]),
        (
            '"Lee, Ann" <a@b.example>, Bob <b@b.example>',
            [Address("a@b.example", "Lee, Ann"), Address("b@b.example", "Bob")],
        ),
        (r'"Ann \"the boss\" Lee" <a@b.example>', [Address("a@b.example", 'Ann "the boss" Lee')]),
        ("a@b.example (Ann (from Sales) Lee)", [Address("a@b.example", "Ann (from Sales) Lee")]),
        (
            "Team: a@b.example, Bob <b@b.example>; c@b.example",
            [Address("a@b.example"), Address("b@b.example", "Bob"), Address("c@b.example")],
        ),
        ("a@b.example; b@b.example", [Address("a@b.example"), Address("b@b.example")]),
        ("<@one.example,@two.example:ann@three.example>", [Address("ann@three.example")]),
        ("ann@b.example <ann@b.example>", [Address("ann@b.example", "ann@b.example")]),
        ("Ann <a@b.example", [Address("a@b.example", "Ann")]),
        ('"ann lee"@b.example', [Address('"ann lee"@b.example')]),
        ('"ann"@b.example', [Address("ann@b.example")]),
        ("ann@[192.0.2.1]", [Address("ann@[192.0.2.1]")]),
        ("Undisclosed recipients:;", []),
        ("", []),
    ],
)
def test_a_header_is_read_as_rfc_5322_says(value: str, expected: list[Address]) -> None:
    assert parse_addresses(value) == (expected, [])


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("=?utf-8?q?J=C3=BCrg_M=C3=BCller?= <j@b.example>", "Jürg Müller"),
        ("=?iso-8859-1?Q?Andr=E9?= Pirard <j@b.example>", "André Pirard"),
        ("=?UTF-8?B?16nXnNeV150=?= <j@b.example>", "שלום"),
        ("=?utf-8?q?one?=\r\n =?utf-8?q?_two?= <j@b.example>", "one two"),
        ("=?utf-8?b?5pel?= =?utf-8?b?5pys?= <j@b.example>", "日本"),
        ("=?utf-8?q?=E6=97?= =?utf-8?q?=A5?= <j@b.example>", "日"),
        ("=?x-nobody-knows?q?ab?= <j@b.example>", "ab"),
        ("=?utf-8*en?q?ab?= <j@b.example>", "ab"),
        ('"=?utf-8?q?J=C3=BCrg?=" <j@b.example>', "Jürg"),
        ('"דנה כהן" <j@b.example>', "דנה כהן"),
    ],
)
def test_encoded_words_and_other_scripts_are_names(value: str, name: str) -> None:
    addresses, unreadable = parse_addresses(value)
    assert not unreadable
    assert addresses == [Address("j@b.example", name)]


def test_nothing_encoded_can_pose_as_an_address() -> None:
    addresses, _ = parse_addresses("=?utf-8?q?boss=40bank=2Eexample=3E=2C_x?= <thief@b.example>")
    assert addresses == [Address("thief@b.example", "boss@bank.example>, x")]


@pytest.mark.parametrize(
    "value",
    [
        "not an address",
        "a@b@c",
        "<>",
        "a@b.example c@d.example",
        "/O=EX/OU=FIRST/CN=ANN",
        "ann@",
        "@b.example",
        "a@b..example",
        "a\u202eb@c.example",
    ],
)
def test_what_cannot_be_read_is_named_and_ignored(value: str) -> None:
    addresses, unreadable = parse_addresses(f"{value}, ann@b.example")
    assert addresses == [Address("ann@b.example")]
    assert unreadable == [value]


@given(st.text())
def test_no_text_stops_the_reading_of_addresses(value: str) -> None:
    addresses, _ = parse_addresses(value)
    assert all(normalise(one.address) == one.address for one in addresses)


@given(st.text(alphabet='<>()@,;:"\\[]a.=?Bq \r\n\t\0é'))
def test_no_punctuation_stops_it_either(value: str) -> None:
    addresses, unreadable = parse_addresses(value)
    assert all(normalise(one.address) == one.address for one in addresses)
    assert all(unreadable)


@given(st.text())
def test_normalising_twice_changes_nothing(value: str) -> None:
    once = normalise(value)
    assert once is None or normalise(once) == once
    assert isinstance(without_tag(value), str)
    assert isinstance(domain_of(value), str)
    assert isinstance(registrable_domain(value), str)
    assert isinstance(is_shared_domain(value), bool)
    assert isinstance(is_no_reply(value), bool)


@given(st.text(), st.binary(), st.text(max_size=12))
def test_no_word_and_no_charset_stops_the_decoding(text: str, data: bytes, charset: str) -> None:
    assert isinstance(decode_words(text), str)
    decoded = decode_bytes(data, charset)
    decoded.encode("utf-8")  # no lone surrogates


@pytest.mark.parametrize(
    "charset", ["utf-8", "utf-16", "utf-7", "hex", "zlib", "idna", "rot13", "ascii", "unknown-8bit", "gb18030"]
)
def test_every_charset_name_gives_text(charset: str) -> None:
    decode_bytes(b"\xff\xfe\x00\xd8+AGE-", charset).encode("utf-8")


@pytest.mark.parametrize("piece", ["(", '"', "<", "<@,", "a@b:", "()", "\\", "=?utf-8?q?a?= ", "[a]", ","])
def test_reading_takes_time_that_grows_with_the_length_only(piece: str) -> None:
    parse_addresses(piece * 1000)

    def seconds(count: int) -> float:
        begin = time.process_time()
        parse_addresses(piece * count)
        return time.process_time() - begin

    # 16 times the text in some 16 times the time; what grows with the square would take 256 times.
    assert seconds(80_000) < 80 * max(seconds(5_000), 0.01)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("Ann.Lee@Customer.Example", "ann.lee@customer.example"),
        (" ann@customer.example. ", "ann@customer.example"),
        ("ann@MÜNCHEN.de", "ann@xn--mnchen-3ya.de"),
        ("ann@xn--mnchen-3ya.de", "ann@xn--mnchen-3ya.de"),
        ("ann@中文.cn", "ann@xn--fiq228c.cn"),
        ("ann@bücher。example", "ann@xn--bcher-kva.example"),
        ("jürg@b.example", "jürg@b.example"),
        ("ann@under_score.example", "ann@under_score.example"),
        ("ann", None),
        ("ann@-b.example", None),
        ("ann@b c.example", None),
        ("ann@" + "a" * 64 + ".example", None),
        ("a" * 400 + "@b.example", None),
        ("ann\0@b.example", None),
    ],
)
def test_an_address_has_one_spelling(address: str, expected: str | None) -> None:
    assert normalise(address) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("ann+news@b.example", "ann@b.example"),
        ("ann+a+b@b.example", "ann@b.example"),
        ("ann@b.example", "ann@b.example"),
        ("+ann@b.example", "+ann@b.example"),
        ('"ann+x y"@b.example', '"ann+x y"@b.example'),
    ],
)
def test_the_tag_can_be_left_out(address: str, expected: str) -> None:
    assert without_tag(address) == expected


def test_a_trailing_dot_of_a_domain_is_dropped() -> None:
    assert domain_of("ann@b.example.") == "b.example"
    assert registrable_domain("www.b.co.uk.") == "b.co.uk"


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("mail.customer.co.uk", "customer.co.uk"),
        ("customer.co.uk", "customer.co.uk"),
        ("a.b.customer.com.au", "customer.com.au"),
        ("shop.city.kawasaki.jp", "city.kawasaki.jp"),
        ("mail.München.DE", "xn--mnchen-3ya.de"),
        ("eu.larkfield.example", "larkfield.example"),
        ("someone.github.io", "someone.github.io"),
        ("co.uk", ""),
        ("localhost", ""),
        ("192.0.2.1", ""),
        ("[192.0.2.1]", ""),
        ("", ""),
        ("no domain", ""),
    ],
)
def test_domains_are_compared_by_what_somebody_registered(domain: str, expected: str) -> None:
    assert registrable_domain(domain) == expected


@pytest.mark.parametrize(
    "domain",
    [
        "gmail.com",
        "GoogleMail.com",
        "mail.gmx.de",
        "t-online.de",
        "yahoo.co.uk",
        "qq.com",
        "proton.me",
        "mailinator.com",
        "x.yopmail.com",
    ],
)
def test_free_mail_and_disposable_domains_are_known(domain: str) -> None:
    assert is_shared_domain(domain)


@pytest.mark.parametrize(
    "domain", ["customer.example", "notgmail.com", "gmail.com.customer.example", "co.uk", "uk", ""]
)
def test_a_company_s_domain_is_not_taken_for_one(domain: str) -> None:
    assert not is_shared_domain(domain)


@pytest.mark.parametrize(
    "local",
    [
        "noreply",
        "no-reply",
        "no_reply",
        "No.Reply",
        "NOREPLY",
        "donotreply",
        "do-not-reply",
        "do_not_reply",
        "DoNotReply",
        "mailer-daemon",
        "MAILER-DAEMON",
        "mailerdaemon",
        "noreply-4711",
        "no-reply+abc",
        "messages-noreply",
        "dont-reply",
    ],
)
def test_no_reply_is_known_in_its_usual_spellings(local: str) -> None:
    assert is_no_reply(f"{local}@shop.example")


@pytest.mark.parametrize("local", ["reply", "casino.reply", "noreplyville", "arno.reply2u", "norbert", "sales"])
def test_other_locals_are_people(local: str) -> None:
    assert not is_no_reply(f"{local}@shop.example")


def test_the_shipped_lists_hold_domains_only_and_each_once() -> None:
    from pathlib import Path

    import sync.rules.addresses as module

    for name in ("free_mail.txt", "disposable.txt"):
        lines = (Path(module.__file__).parent / "data" / name).read_text(encoding="ascii").splitlines()
        domains = [line for line in lines if not line.startswith("#")]
        assert len(domains) > 200
        assert len(set(domains)) == len(domains), [one for one in domains if domains.count(one) > 1]
        assert all(normalise(f"x@{domain}") == f"x@{domain}" for domain in domains)

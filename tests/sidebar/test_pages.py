"""What the pane shows of an open email."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from lxml import html as lxml_html

from sidebar import presentation
from sync.crm import Account, CrmContext, CustomRecord, RelatedRecord
from sync.rules.business import BusinessChoice
from sync.rules.left_out import LeftOut, Reason
from sync.rules.people import Matches, PersonMatch
from sync.services.open_email import OpenEmail
from sync.services.pane_layout import Action, PaneLayout, default_layout
from sync.services.status import EmailStatus, FileState, StatusKind
from tests.sidebar.examples import (
    DANA,
    LI,
    LOGIN,
    NORTHWIND,
    PAGES,
    RENEWAL,
    SENDER,
    TOM,
    draw,
    filed,
    opened,
    participant,
)

PAYLOADS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7|add:7 }}{% now 'Y' %}",
    "javascript:alert(1)",
    "</template><svg onload=alert(1)>",
    "\u202eevil\u2066",
)


def parsed(html: str) -> lxml_html.HtmlElement:
    return lxml_html.fromstring(f"<div>{html}</div>")


def ticks(html: str, name: str) -> list[str]:
    return [box.get("value") for box in parsed(html).xpath(f"//input[@name='{name}'][@checked]")]


def text(html: str) -> str:
    return " ".join(parsed(html).text_content().split())


def test_a_person_is_shown_with_at_most_four_fields_and_the_rest_folded() -> None:
    page = parsed(draw(opened()))
    card = page.find_class("card")[0]
    folded = card.xpath(".//details")[0].text_content()
    shown = card.text_content().replace(folded, "")
    for field in ("VP Operations", "Northwind Ltd", "dana@northwind.example", "+1 555 0100"):
        assert field in shown
    for field in ("+1 555 0199", "dana.ruiz@personal.example"):
        assert field in folded
        assert field not in shown


def test_ticks_are_made_for_the_linked_person_and_the_chosen_record_and_every_file_that_goes() -> None:
    html = draw(opened())
    assert ticks(html, "person") == [DANA.id]
    # The opportunity brings its account along.
    assert set(ticks(html, "record")) == {RENEWAL.id, NORTHWIND.id}
    assert ticks(html, "attachment") == ["a1"]


def test_the_button_says_what_it_does() -> None:
    assert "File to 2 records" in text(draw(opened()))
    people = opened(choice=BusinessChoice(records=(), rule="none", ask=False))
    assert presentation.page(people).foot.records == 0
    assert parsed(draw(people)).xpath("//*[@data-file-label]")[0].text_content() == "File to 1 person"


def test_with_nothing_ticked_the_button_asks_to_choose() -> None:
    button = parsed(draw(PAGES["nobody"])).xpath("//button[@data-file]")[0]
    assert button.get("aria-disabled") == "true"
    assert "Choose where to file it" in button.text_content()


def test_with_nothing_to_choose_there_is_no_button() -> None:
    page = parsed(draw(PAGES["colleagues"]))
    assert page.xpath("//button[@data-file][not(ancestor::template)]") == []
    # For a record that is looked up, it is kept at hand.
    [kept] = page.xpath("//template[@data-file-foot]//button[@data-file]")
    assert kept.get("aria-disabled") == "true"
    assert "There is no record here" in page.text_content()


def test_a_file_left_out_says_why_and_has_no_tick() -> None:
    row = parsed(draw(opened())).xpath("//li[contains(@class, 'row--out')]")[0]
    assert "logo.png" in row.text_content()
    assert "left out: inline image" in row.text_content()
    assert row.xpath(".//input") == []


def test_people_of_one_account_stand_under_it_where_the_first_of_them_stands() -> None:
    other = replace(NORTHWIND, id="001000000000002AAA", name="Other Ltd")
    people = [
        replace(DANA, id=f"00300000000000{n}AAA", name=f"P{n}", account_id=a.id)
        for n, a in enumerate((NORTHWIND, other, NORTHWIND))
    ]
    page = presentation.page(
        opened(
            matches=Matches(people=tuple(PersonMatch(participant(f"p{n}@x.example"), p) for n, p in enumerate(people))),
            crm=CrmContext(people=tuple(people), accounts=(other, NORTHWIND), opportunities=(RENEWAL,), cases=(LOGIN,)),
        )
    )
    assert [[card.name for card in group.people] for group in page.groups] == [["P0", "P2"], ["P1"]]
    assert [group.account.name for group in page.groups if group.account] == ["Northwind Ltd", "Other Ltd"]
    assert [len(group.opportunities) for group in page.groups] == [1, 0]


def test_a_record_is_shown_once_even_when_two_people_share_it() -> None:
    alone = [replace(DANA, id=f"00300000000000{n}AAA", account_id="") for n in (1, 2)]
    page = presentation.page(
        opened(
            matches=Matches(people=tuple(PersonMatch(SENDER, person) for person in alone)),
            crm=CrmContext(opportunities=(replace(RENEWAL, contact_ids=tuple(p.id for p in alone)),)),
        )
    )
    assert [len(group.opportunities) for group in page.groups] == [1, 0]


def test_a_ticked_record_is_never_folded_away() -> None:
    many = tuple(replace(RENEWAL, id=f"0060000000000{n:02}AAA", name=f"O{n}", is_closed=n == 9) for n in range(10))
    chosen = BusinessChoice(records=(RelatedRecord(many[9].id, "Opportunity"),), rule="account", ask=False)
    page = presentation.page(
        opened(crm=CrmContext(people=(DANA,), accounts=(NORTHWIND,), opportunities=many), choice=chosen)
    )
    listed = page.groups[0].opportunities
    assert listed.shown[0].name == "O9"
    assert len(listed.shown) == 3
    assert len(listed.folded) == 7


def test_open_records_come_before_closed_ones_the_nearest_first() -> None:
    late, soon = (
        replace(RENEWAL, id="1", close_date=date(2027, 5, 1)),
        replace(RENEWAL, id="2", close_date=date(2027, 1, 1)),
    )
    won = replace(RENEWAL, id="3", is_closed=True, is_won=True)
    crm = CrmContext(people=(DANA,), accounts=(NORTHWIND,), opportunities=(won, late, soon))
    page = presentation.page(opened(crm=crm, choice=BusinessChoice(records=(), rule="none", ask=False)))
    assert [row.id for row in page.groups[0].opportunities.shown] == ["2", "1", "3"]


def test_while_a_lead_is_chosen_no_business_record_is_offered() -> None:
    page = parsed(draw(PAGES["lead"]))
    assert page.xpath("//fieldset[@data-records][@data-locked]//input[@name='record'][@disabled]")
    assert "File to 1 person" in page.xpath("//*[@data-file-label]")[0].text_content()


def test_a_lead_beside_a_contact_is_shown_unticked_and_says_why() -> None:
    html = draw(PAGES["many"])
    lead = parsed(html).xpath("//input[@name='person'][@data-kind='lead']")[0]
    assert lead.get("checked") is None
    assert "an email goes to contacts or to one lead" in text(html)


def test_several_people_with_one_address_can_be_chosen_from() -> None:
    page = parsed(draw(PAGES["many"]))
    radios = page.xpath("//input[@type='radio']")
    assert len(radios) == 2
    assert [radio.get("checked") is not None for radio in radios] == [True, False]
    assert "2 people have this address" in page.text_content()


def test_more_than_one_plausible_opportunity_is_asked_about() -> None:
    assert "More than one fits" in text(draw(opened(choice=BusinessChoice(records=(), rule="none", ask=True))))
    assert "More than one fits" not in text(draw(opened()))


def test_an_account_by_domain_is_only_proposed() -> None:
    page = parsed(draw(PAGES["nobody"]))
    assert "Found by the web domain only" in page.text_content()
    assert page.xpath("//input[@name='record'][@checked]") == []


def test_unknown_people_can_be_added_or_left_out() -> None:
    row = parsed(draw(opened())).xpath("//li[@data-unknown]")[0]
    add, leave_out = row.xpath(".//button")
    assert (add.get("hx-post"), leave_out.get("hx-post")) == ("/pane/reading/unknown/", "/pane/reading/block/")
    assert {one.get("data-address") for one in (add, leave_out)} == {"li.wei@northwind.example"}
    assert "data-with-hint" in add.attrib


def test_colleagues_come_last_and_folded_by_name() -> None:
    html = draw(opened())
    fold = parsed(html).xpath("//details[contains(@class, 'fold')]")[-1]
    assert fold.get("open") is None
    assert TOM.name in fold.text_content()
    assert html.index(TOM.name) > html.index("Offer v3.pdf")


def test_blocked_and_unreadable_addresses_say_why_they_are_left_out() -> None:
    html = draw(opened(left_out=(LeftOut("news@spam.example", "News", Reason.BLOCKED_BY_USER),)), ("no address",))
    assert "2 left out" in text(html)
    assert "It is on your block list." in text(html)
    assert "no address It cannot be read as an address." in text(html)


def arranged(**actions: tuple[Action, ...]) -> PaneLayout:
    layout = default_layout()
    objects = tuple(replace(one, actions=actions.get(one.name, one.actions)) for one in layout.objects)
    return replace(layout, objects=objects)


def test_a_card_offers_the_first_four_actions_in_the_layouts_order() -> None:
    order = (Action.EDIT, Action.OPEN, Action.FOLLOW_UP, Action.NOTE, Action.CALL)
    card = parsed(draw(opened(layout=arranged(Contact=order)))).find_class("card")[0]
    buttons = [" ".join(one.text_content().split()) for one in card.find_class("card__actions")[0]]
    assert buttons == ["Edit", "OpenOpen Dana Ruiz in Salesforce", "Follow up", "Note"]
    assert card.get("data-actions") == "edit open follow-up note call"


def test_a_card_without_actions_has_no_row_of_them() -> None:
    page = parsed(draw(opened(layout=arranged(Contact=(), Account=()))))
    assert page.find_class("card__actions") == []
    account = page.xpath(f"//li[@data-record='{NORTHWIND.id}']")[0]
    assert account.xpath(".//a[@target]") == []
    assert page.xpath(f"//li[@data-record='{RENEWAL.id}']//a[@target]") != []


def with_installations() -> OpenEmail:
    name = "Installation__c"
    tank = CustomRecord("a01000000000001AAA", name, "Installationen", "Tank 3", account_id=NORTHWIND.id)
    drawn = opened()
    own = replace(drawn.layout.of(name), shown=True)
    layout = replace(drawn.layout, objects=(own, *drawn.layout.objects))
    return replace(drawn, layout=layout, crm=replace(drawn.crm, custom=(tank,)))


def test_records_of_the_orgs_own_objects_have_a_section_and_a_tab_in_the_layouts_order() -> None:
    page = parsed(draw(with_installations()))
    tabs = [" ".join(one.text_content().split()) for one in page.xpath("//*[@data-tab]")]
    assert tabs == ["All", "Installationen 1", "People 1", "Account 1", "Opportunities 2", "Cases 1"]
    [section] = page.xpath("//fieldset[@data-object='Installation__c']")
    assert section.xpath(".//input/@value") == ["a01000000000001AAA"]
    assert "Tank 3" in section.text_content()
    assert page.xpath("//*[@data-object]/@data-object")[0] == "Installation__c"


def test_own_addresses_are_left_out_and_no_colleagues() -> None:
    own = replace(TOM, address="mia.keller@larkfield.example", name="Mia Keller")
    example = opened(
        matches=Matches(people=(PersonMatch(SENDER, DANA),), internal=(own, TOM)),
        left_out=(LeftOut(own.address, own.name, Reason.OWN_ADDRESS),),
    )
    folds = [" ".join(one.text_content().split()) for one in parsed(draw(example)).find_class("fold")]
    assert folds == [
        "1 left out Mia Keller It is one of your own addresses.",
        "1 colleague Tom Okafor",
    ]


def test_a_partial_answer_shows_its_part_and_names_the_rest() -> None:
    html = draw(PAGES["many"])
    assert "Salesforce did not answer for: leads. The rest is shown." in text(html)
    assert ticks(html, "person")


def test_an_older_answer_says_how_old_it_is() -> None:
    stale = PAGES["stale"]
    read_at = datetime.now(UTC) - timedelta(minutes=4, seconds=30)
    html = draw(replace(stale, crm=replace(stale.crm, read_at=read_at)))
    assert "Salesforce did not answer. Showing what was known 4 min ago." in text(html)


def test_after_filing_the_foot_says_so_and_offers_undo_and_open_and_ticks_stand_still() -> None:
    page = parsed(draw(PAGES["filed"]))
    foot = page.xpath("//*[@data-mode='filed']")[0]
    assert "Filed to 2 records" in foot.text_content()
    assert foot.xpath(".//button[@data-undo]")[0].get("hx-post").endswith("/undo/")
    assert foot.xpath(".//a/@href") == [filed().url]
    assert page.xpath("//fieldset[@data-choices]//input[not(@disabled)]") == []
    assert ticks(draw(PAGES["filed"]), "record") == [NORTHWIND.id, RENEWAL.id]


def test_filing_with_files_shows_progress_in_numbers_and_asks_again() -> None:
    foot = parsed(draw(PAGES["filing"])).xpath("//*[@data-mode='filing']")[0]
    assert "1 of 2 files stored" in foot.text_content()
    assert foot.get("hx-get").startswith("/pane/filings/")


def test_files_on_their_way_after_filing_are_asked_for_until_the_last_is_through() -> None:
    states = (FileState("Offer v3.pdf", "stored"), FileState("Plan.pdf", "waiting"))
    foot = parsed(draw(opened(status=filed(files=states)))).xpath("//*[@data-mode='filed']")[0]
    assert "1 of 2 files stored" in foot.text_content()
    assert foot.get("hx-get") == f"/pane/filings/{filed().filing_id}/"
    foot = parsed(draw(opened(status=filed(files=states[:1])))).xpath("//*[@data-mode='filed']")[0]
    assert "files stored" not in foot.text_content()
    assert foot.get("hx-get") is None


def test_the_choice_is_asked_for_where_the_first_opportunities_stand() -> None:
    alone = PersonMatch(
        participant("alone@elsewhere.example", role="From"), replace(DANA, id="003000000000009AAA", account_id="")
    )
    matches = Matches(people=(alone, PersonMatch(SENDER, DANA)))
    html = draw(opened(matches=matches, choice=BusinessChoice(records=(), rule="none", ask=True)))
    groups = parsed(html).xpath("//div[@class='group']")
    assert ["More than one fits" in group.text_content() for group in groups] == [False, True]


def test_files_that_go_along_come_before_those_left_out() -> None:
    turned = opened(files=tuple(reversed(opened().files)))
    assert [file.included for file in presentation.page(turned).files] == [True, False]


def test_nothing_is_asked_of_an_email_that_cannot_be_filed() -> None:
    choice = BusinessChoice(records=(), rule="none", ask=True)
    cannot = EmailStatus(StatusKind.CANNOT, "Cannot be filed because it is a draft.", rule="draft")
    assert "More than one fits" in text(draw(opened(choice=choice)))
    assert "More than one fits" not in text(draw(opened(choice=choice, status=cannot)))


def test_a_question_is_put_before_a_private_email_is_filed() -> None:
    page = parsed(draw(PAGES["confirm"]))
    assert "It is marked private" in page.text_content()
    assert page.xpath("//input[@name='confirmed'][@value='true'][@form='filing']")
    assert "Do not file" in page.text_content()


def test_what_salesforce_refused_of_the_files_is_named() -> None:
    assert "Offer v3.pdf was not stored. Salesforce refused the file: too large." in text(draw(PAGES["file-problem"]))


@pytest.mark.parametrize("name", sorted(PAGES))
def test_an_answer_carries_no_script_no_inline_style_and_says_whom_it_belongs_to(name: str) -> None:
    html = draw(PAGES[name])
    page = parsed(html)
    assert page.xpath("//script|//style|//iframe") == []
    assert page.xpath("//@style") == []
    assert [a for a in page.xpath("//@*") if a.attrname.startswith("on")] == []
    assert page.xpath("//form/@data-item-key") == ["AAMk1"]
    assert page.xpath("//form/@data-generation") == ["7"]


@pytest.mark.parametrize("name", sorted(PAGES))
def test_every_control_has_a_name_and_every_picture_is_beside_one(name: str) -> None:
    page = parsed(draw(PAGES[name]))
    for control in page.xpath("//a|//button|//summary"):
        assert control.text_content().strip()
    for box in page.xpath("//input[@type!='hidden']"):
        assert box.getparent().text_content().strip()
    assert all(svg.get("aria-hidden") == "true" for svg in page.xpath("//svg"))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_names_and_subjects_are_text_whatever_they_hold(payload: str) -> None:
    person = replace(DANA, name=payload, title=payload, phone=payload, mobile=payload, emails=(payload, payload))
    account = Account(id=NORTHWIND.id, name=payload, type=payload, country=payload)
    example = opened(
        matches=Matches(
            people=(PersonMatch(SENDER, person, (person, replace(person, id="003000000000002AAA"))),),
            unknown=(replace(LI, name=payload, address=payload),),
            internal=(replace(TOM, name=payload),),
        ),
        left_out=(LeftOut(payload, payload, Reason.BLOCKED_BY_USER),),
        crm=CrmContext(
            people=(person,),
            accounts=(account,),
            opportunities=(replace(RENEWAL, name=payload, stage=payload, currency=payload),),
            cases=(replace(LOGIN, subject=payload, number=payload, status=payload),),
            suggested_accounts=(replace(account, id="001000000000003AAA"),),
        ),
        files=tuple(replace(choice, attachment=replace(choice.attachment, name=payload)) for choice in opened().files),
        status=filed(sentence=payload, url="https://larkfield.my.salesforce.com/x"),
    )
    html = draw(example, (payload,))
    page = parsed(html)
    assert page.xpath("//script|//img|//*[@onmouseover]|//*[@onload]|//*[@onerror]") == []
    addresses = [href for href in page.xpath("//@href") if not href.startswith(("https:", "mailto:", "tel:", "#icon-"))]
    assert addresses == []
    assert payload in page.text_content()


def test_mail_and_crm_text_is_isolated_by_direction() -> None:
    name = "\u05e9\u05dc\u05d5\u05dd"
    html = draw(opened(matches=Matches(people=(PersonMatch(SENDER, replace(DANA, name=name)),))))
    assert re.search(rf'<bdi class="card__name"[^>]*>{name}</bdi>', html)


def test_an_email_that_cannot_be_filed_shows_its_people_without_ticks() -> None:
    html = draw(PAGES["cannot"])
    assert [ticks(html, name) for name in ("person", "record", "attachment")] == [[], [], []]
    assert "Dana Ruiz" in text(html)
    assert parsed(html).xpath("//button[@data-file]") == []


def test_an_email_that_files_itself_counts_down_in_the_browser_and_can_be_stopped() -> None:
    page = parsed(draw(PAGES["will-file"]))
    line = page.xpath("//p[@data-kind='will_file']")[0]
    due = PAGES["will-file"].status.due_at
    assert due is not None
    assert line.get("data-due") == due.isoformat()
    count = line.xpath(".//time[@data-until]")[0]
    assert count.get("datetime") == due.isoformat()
    # A number would be wrong by the time that it is served again.
    assert not any(letter.isdigit() for letter in count.text_content())
    words = " ".join(line.text_content().split())
    assert words.startswith("Will be filed shortly to Renewal 2027 · known people")
    assert "Will be filed because people in it are known to Salesforce." in words
    stop = line.xpath(".//button")[0]
    assert stop.get("hx-post").endswith("/stop/")
    assert page.xpath("//button[@data-file]"), "it can be filed by hand at once all the same"


def test_what_was_put_off_says_why_instead_of_when() -> None:
    page = parsed(draw(PAGES["will-file-later"]))
    assert "It is filed by itself as soon as Salesforce takes it." in page.text_content()
    assert page.xpath("//time[@data-until]") == []
    assert page.xpath("//button[contains(@hx-post, '/stop/')]")


def test_a_conversation_is_followed_with_a_tick_beside_the_button() -> None:
    tick = parsed(draw(opened())).xpath("//input[@name='follow']")[0]
    assert (tick.get("form"), tick.get("value"), tick.get("checked")) == ("filing", "true", None)
    assert "Follow this conversation" in tick.getparent().text_content()


def test_what_is_filed_says_whether_its_conversation_is_followed() -> None:
    foot = parsed(draw(PAGES["followed"])).xpath("//*[@data-mode='filed']")[0]
    assert "Following until" in foot.text_content()
    assert foot.xpath(".//button[contains(@hx-post, '/unfollow/')]")[0].text_content() == "Stop following"
    foot = parsed(draw(PAGES["can-follow"])).xpath("//*[@data-mode='filed']")[0]
    assert foot.xpath(".//button[contains(@hx-post, '/follow/')]")
    assert "Following until" not in foot.text_content()
    assert parsed(draw(PAGES["filed"])).xpath("//button[contains(@hx-post, 'follow/')]") == []

"""Several requests in one call."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from simple_salesforce.format import format_soql

from tests.sandbox.salesforce.conftest import DATA, Person, error_of


def _sub(method: str, path: str, reference: str, body: Any = None, **more: Any) -> dict[str, Any]:
    given = {"method": method, "url": f"{DATA}/{path}", "referenceId": reference, **more}
    return given if body is None else {**given, "body": body}


def _run(person: Person, *subs: dict[str, Any], all_or_none: bool = False) -> list[dict[str, Any]]:
    answer = person.post("composite/", {"allOrNone": all_or_none, "compositeRequest": list(subs)})
    assert answer.status_code == 200, answer.text
    parts: list[dict[str, Any]] = answer.json()["compositeResponse"]
    return parts


def test_later_requests_name_what_earlier_ones_answered(mia: Person) -> None:
    parts = _run(
        mia,
        _sub("POST", "sobjects/Account", "acme", {"Name": "Acme"}),
        _sub(
            "POST", "sobjects/Contact", "ann", {"LastName": "Ann", "AccountId": "@{acme.id}", "Title": "At @{acme.id}"}
        ),
        _sub("GET", "sobjects/Contact/@{ann.id}?fields=AccountId,Title", "read"),
        _sub("GET", "query?q=SELECT+Name+FROM+Account+WHERE+Id='@{acme.id}'", "query"),
        _sub("GET", "sobjects/Account/@{query.records[0].attributes.type}", "none"),
    )
    assert [part["httpStatusCode"] for part in parts] == [201, 201, 200, 200, 404]
    account = parts[0]["body"]["id"]
    assert parts[0]["httpHeaders"] == {"Location": f"{DATA}/sobjects/Account/{account}"}
    assert parts[2]["body"]["AccountId"] == account
    assert parts[2]["body"]["Title"] == f"At {account}"
    assert parts[3]["body"]["records"][0]["Name"] == "Acme"
    assert [part["referenceId"] for part in parts] == ["acme", "ann", "read", "query", "none"]


def test_what_refers_to_a_failure_or_to_nothing_is_halted_and_the_rest_goes_on(mia: Person) -> None:
    parts = _run(
        mia,
        _sub("POST", "sobjects/Contact", "bad", {}),
        _sub("PATCH", "sobjects/Contact/@{bad.id}", "after", {"Title": "x"}),
        _sub("GET", "query?q=SELECT+Id+FROM+Contact+WHERE+LastName='Nobody'", "none"),
        _sub("GET", "sobjects/Contact/@{none.records[0].Id}", "first"),
        _sub("GET", "sobjects/Contact/@{later.id}", "unknown"),
        _sub("POST", "sobjects/Account", "good", {"Name": "Stays"}),
    )
    codes = [
        part["body"][0]["errorCode"] if part["httpStatusCode"] == 400 else part["httpStatusCode"] for part in parts
    ]
    assert codes == [
        "REQUIRED_FIELD_MISSING",
        "PROCESSING_HALTED",
        200,
        "PROCESSING_HALTED",
        "PROCESSING_HALTED",
        201,
    ]
    assert len(mia.query("SELECT Id FROM Account WHERE Name = 'Stays'")) == 1


def test_all_or_none_takes_everything_back(mia: Person, dana: dict[str, Any]) -> None:
    mail = {"Subject": "x", "Status": "3", "ToIds": [dana["Id"]], "RelatedToId": dana["AccountId"]}
    before = mia.get(f"sobjects/Contact/{dana['Id']}").json()
    parts = _run(
        mia,
        _sub("PATCH", f"sobjects/Contact/{dana['Id']}", "change", {"Email": "new@x.example"}),
        _sub("POST", "sobjects/EmailMessage", "mail", mail),
        _sub("POST", "sobjects/Task", "bad", {"Status": "No such"}),
        _sub("POST", "sobjects/Account", "never", {"Name": "Never"}),
        all_or_none=True,
    )
    assert [part["body"][0]["errorCode"] for part in parts] == [
        "PROCESSING_HALTED",
        "PROCESSING_HALTED",
        "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
        "PROCESSING_HALTED",
    ]
    assert mia.query("SELECT Id FROM EmailMessage", path="queryAll") == []
    assert mia.query("SELECT Id FROM EmailMessageRelation", path="queryAll") == []
    assert (
        mia.query("SELECT Id FROM Task WHERE TaskSubtype = 'Email' AND CreatedDate = TODAY AND Subject = 'Email: x'")
        == []
    )
    assert mia.get(f"sobjects/Contact/{dana['Id']}").json() == before
    assert len(mia.query("SELECT Id FROM Contact WHERE Email = 'dana@northwind.example'")) == 1


def test_headers_of_a_subrequest_count_for_it(mia: Person) -> None:
    body = {"LastName": "Ruiz", "Email": "dana@northwind.example"}
    insist = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
    parts = _run(
        mia,
        _sub("POST", "sobjects/Contact", "no", body),
        _sub("POST", "sobjects/Contact", "yes", body, httpHeaders=insist),
    )
    assert [part["httpStatusCode"] for part in parts] == [400, 201]


def test_limits_of_a_composite(mia: Person) -> None:
    query = "query?q=SELECT+Id+FROM+Contact+LIMIT+1"
    many = [_sub("GET", "sobjects/Contact/describe", f"r{n}") for n in range(26)]
    queries = [_sub("GET", query, f"q{n}") for n in range(6)]
    for subs in (many, queries):
        answer = mia.post("composite", {"compositeRequest": subs})
        assert error_of(answer) == (400, "LIMIT_EXCEEDED")
    assert [p["httpStatusCode"] for p in _run(mia, *queries[:5])] == [200] * 5
    twice = {"compositeRequest": [_sub("GET", "limits", "a"), _sub("GET", "limits", "a")]}
    assert error_of(mia.post("composite", twice)) == (400, "INVALID_INPUT")
    unknown = {"compositeRequest": [_sub("GET", "limits", "a")], "allorNone": True}
    assert error_of(mia.post("composite", unknown)) == (400, "JSON_PARSER_ERROR")


def test_the_questions_of_an_email_are_one_composite(mia: Person) -> None:
    people = ["dana@northwind.example", "li.wei@northwind.example"]
    texts = [
        "SELECT Id,Name,Account.Name,(SELECT OpportunityId,Opportunity.Name FROM OpportunityContactRoles)"
        " FROM Contact WHERE Email IN {people}",
        "SELECT Id,ConvertedContact.Name FROM Lead WHERE Email IN {people}",
        "SELECT Id,(SELECT RelationId FROM EmailMessageRelations) FROM EmailMessage WHERE MessageIdentifier='<a@b>'",
        "SELECT Id,(SELECT Id FROM Opportunities),(SELECT Id FROM Cases) FROM Account WHERE Id IN"
        " (SELECT AccountId FROM Contact WHERE Email IN {people} OR Email LIKE '%@northwind.example')",
        "SELECT Id FROM Account WHERE Website LIKE '%northwind.example%'",
    ]
    queries = [urlencode({"q": format_soql(text, people=people)}) for text in texts]
    parts = _run(mia, *(_sub("GET", f"query?{query}", f"q{n}") for n, query in enumerate(queries)))
    assert [part["httpStatusCode"] for part in parts] == [200] * 5
    assert [part["body"]["totalSize"] for part in parts] == [1, 0, 0, 1, 1]


def test_a_subrequest_does_not_carry_the_bytes_of_a_file(mia: Person) -> None:
    version = mia.create("ContentVersion", PathOnClient="a.txt", VersionData="aGVsbG8=")
    path = f"sobjects/ContentVersion/{version}"
    whole, record = _run(mia, _sub("GET", f"{path}/VersionData", "bytes"), _sub("GET", path, "record"))
    assert (whole["httpStatusCode"], record["httpStatusCode"]) == (400, 200)
    assert record["body"]["VersionData"] == f"{DATA}/{path}/VersionData"


def test_a_graph_is_all_or_nothing_and_does_not_touch_the_others(mia: Person) -> None:
    good = {"graphId": "1", "compositeRequest": [_sub("POST", "sobjects/Account", "a", {"Name": "Graph"})]}
    bad = {
        "graphId": "2",
        "compositeRequest": [
            _sub("POST", "sobjects/Account", "a", {"Name": "Graph"}),
            _sub("POST", "sobjects/Contact", "c", {"AccountId": "@{a.id}"}),
        ],
    }
    graphs = mia.post("composite/graph", {"graphs": [good, bad]}).json()["graphs"]
    assert [graph["isSuccessful"] for graph in graphs] == [True, False]
    failed = graphs[1]["graphResponse"]["compositeResponse"]
    assert [part["body"][0]["errorCode"] for part in failed] == ["PROCESSING_HALTED", "REQUIRED_FIELD_MISSING"]
    assert len(mia.query("SELECT Id FROM Account WHERE Name = 'Graph'")) == 1
    nodes = [_sub("POST", "sobjects/Account", f"a{n}", {"Name": "x"}) for n in range(501)]
    too_many = {"graphs": [{"graphId": "1", "compositeRequest": nodes}]}
    assert error_of(mia.post("composite/graph", too_many)) == (400, "LIMIT_EXCEEDED")


def test_a_batch_runs_each_request_by_itself(mia: Person) -> None:
    requests = [
        {"method": "POST", "url": "v66.0/sobjects/Account", "richInput": {"Name": "Batch"}},
        {"method": "GET", "url": "v66.0/sobjects/Nothing/describe"},
        {"method": "GET", "url": "v66.0/limits"},
    ]
    body = mia.post("composite/batch", {"batchRequests": requests}).json()
    assert body["hasErrors"] is True
    assert [result["statusCode"] for result in body["results"]] == [201, 404, 200]
    halted = mia.post("composite/batch", {"batchRequests": requests, "haltOnError": True}).json()
    assert [result["statusCode"] for result in halted["results"]] == [201, 404, 412]


def _records(*names: str | None) -> list[dict[str, Any]]:
    return [{"attributes": {"type": "Account"}, **({"Name": name} if name else {})} for name in names]


def test_a_collection_creates_what_passes(mia: Person) -> None:
    results = mia.post("composite/sobjects", {"records": _records("Col 1", None, "Col 2")}).json()
    assert [result["success"] for result in results] == [True, False, True]
    assert results[1]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    assert len(mia.query("SELECT Id FROM Account WHERE Name LIKE 'Col %'")) == 2


def test_a_collection_creates_all_or_none(mia: Person) -> None:
    body = {"allOrNone": True, "records": _records("Col 1", None)}
    results = mia.post("composite/sobjects", body).json()
    codes = [result["errors"][0]["statusCode"] for result in results]
    assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    assert mia.query("SELECT Id FROM Account WHERE Name LIKE 'Col %'") == []


def test_collections_change_read_and_delete(mia: Person) -> None:
    ids = [result["id"] for result in mia.post("composite/sobjects", {"records": _records("A", "B")}).json()]
    changes = [{"attributes": {"type": "Account"}, "id": one, "Phone": "1"} for one in ids]
    assert [r["success"] for r in mia.patch("composite/sobjects", {"records": changes}).json()] == [True, True]
    missing = "0018V0000000999AAA"
    read = mia.get(
        "composite/sobjects/Account", params={"ids": ",".join([*ids, missing]), "fields": "Name,Phone"}
    ).json()
    assert [row and row["Phone"] for row in read] == ["1", "1", None]
    deleted = mia.delete(f"composite/sobjects?ids={ids[0]},{missing},{ids[0]}&allOrNone=false").json()
    assert [r["success"] or r["errors"][0]["statusCode"] for r in deleted] == [
        True,
        "INVALID_CROSS_REFERENCE_KEY",
        "ENTITY_IS_DELETED",
    ]
    kept = mia.delete(f"composite/sobjects?ids={ids[1]},{missing}&allOrNone=true").json()
    assert [r["success"] for r in kept] == [False, False]
    assert mia.get(f"sobjects/Account/{ids[1]}").status_code == 200


def test_a_collection_takes_200_records(mia: Person) -> None:
    answer = mia.post("composite/sobjects", {"records": _records(*(["x"] * 201))})
    assert error_of(answer) == (400, "EXCEEDED_ID_LIMIT")


def test_a_collection_takes_ten_changes_of_the_object(mia: Person) -> None:
    pair = [{"attributes": {"type": "Account"}, "Name": "x"}, {"attributes": {"type": "Contact"}, "LastName": "x"}]
    allowed = mia.post("composite/sobjects", {"records": pair * 5})
    assert [result["success"] for result in allowed.json()] == [True] * 10
    refused = mia.post("composite/sobjects", {"records": [*pair * 5, pair[0]]})
    assert error_of(refused) == (400, "LIMIT_EXCEEDED")
    together = sorted(pair * 6, key=lambda record: str(record["attributes"]))
    assert all(result["success"] for result in mia.post("composite/sobjects", {"records": together}).json())


def test_collections_count_with_queries_and_each_record_of_theirs_answers_for_itself(mia: Person) -> None:
    def collection(n: int) -> dict[str, Any]:
        return _sub("POST", "composite/sobjects", f"c{n}", {"records": _records(f"Col {n}", None)})

    answer = mia.post("composite", {"compositeRequest": [collection(n) for n in range(6)]})
    assert error_of(answer) == (400, "LIMIT_EXCEEDED")
    parts = _run(mia, *(collection(n) for n in range(4)), _sub("GET", "query?q=SELECT+Id+FROM+Lead+LIMIT+1", "q"))
    assert [part["httpStatusCode"] for part in parts] == [200] * 5
    for part in parts[:4]:
        assert [result["success"] for result in part["body"]] == [True, False]
        assert part["body"][1]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    assert len(mia.query("SELECT Id FROM Account WHERE Name LIKE 'Col %'")) == 4


def test_a_collection_is_upserted_by_its_key(mia: Person) -> None:
    records = [
        {"attributes": {"type": "EmailMessage"}, "External_Key__c": key, "Status": "5"} for key in ("a", "b", "a")
    ]
    results = mia.patch("composite/sobjects/EmailMessage/External_Key__c", {"records": records}).json()
    assert [result["created"] for result in results] == [True, True, False]

"""``python -m sandbox``: run the sandbox until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from sandbox.seed.company import MOST_EXTRA, SUITES
from sandbox.seed.growth import MOST_RECORDS, Growth
from sandbox.server import Options, quiet, serve
from sandbox.world import RealMail


def parse(arguments: list[str]) -> Options:
    """The options of a command line; exits with a sentence when they make no sense."""
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="Stand-ins for Salesforce, Microsoft 365 and Google on this machine, over HTTPS.",
    )
    parser.add_argument("--state-dir", type=Path, required=True, help="where certificates, keys and sandbox.json stand")
    parser.add_argument("--salesforce-port", type=_port, default=9443, metavar="N", help="0 is any free one")
    parser.add_argument("--microsoft-port", type=_port, default=9444, metavar="N")
    parser.add_argument("--graph-port", type=_port, default=9445, metavar="N")
    parser.add_argument("--google-port", type=_port, default=9446, metavar="N", help="accounts and tokens")
    parser.add_argument("--gmail-port", type=_port, default=9447, metavar="N")
    parser.add_argument("--webmail-port", type=_port, default=9448, metavar="N", help="Gmail's pages")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="the same number gives the same state")
    parser.add_argument("--mail", type=Path, metavar="PATH", help="an mbox file or a folder of .eml files to show")
    parser.add_argument(
        "--mail-user",
        default="mia.keller@larkfield.example",
        metavar="ADDRESS",
        help="whose mailbox shows it (%(default)s)",
    )
    parser.add_argument("--latency-ms", type=int, default=0, metavar="N", help="added to each call")
    for suite in SUITES:
        parser.add_argument(
            f"--extra-{suite}", type=_count, default=0, metavar="N", help="so many more reps with empty mailboxes there"
        )
    parser.add_argument(
        "--activities", action="store_true", help="calls, meetings and emails with the people of the seed"
    )
    parser.add_argument(
        "--person-accounts", type=_records, default=0, metavar="N", help="so many private customers more"
    )
    parser.add_argument("--custom-object", action="store_true", help="the object Installation__c with its records")
    parser.add_argument(
        "--related-records", type=_records, default=0, metavar="N", help="so many of each kind on one account"
    )
    parser.add_argument(
        "--redirect-uri", action="append", default=[], metavar="URI", help="a further address to send codes to"
    )
    given = parser.parse_args(arguments)
    if given.mail is not None and not given.mail.exists():
        parser.error(f"there is no file or folder {given.mail}")
    if given.latency_ms < 0:
        parser.error("--latency-ms cannot be negative")
    return Options(
        state_dir=given.state_dir.resolve(),
        salesforce_port=given.salesforce_port,
        microsoft_port=given.microsoft_port,
        graph_port=given.graph_port,
        google_port=given.google_port,
        gmail_port=given.gmail_port,
        webmail_port=given.webmail_port,
        seed=given.seed,
        mail=None if given.mail is None else RealMail(given.mail, given.mail_user),
        latency_ms=given.latency_ms,
        redirect_uris=tuple(given.redirect_uri),
        extra={"microsoft": given.extra_microsoft, "google": given.extra_google},
        growth=Growth(
            activities=given.activities,
            person_accounts=given.person_accounts,
            custom_object=given.custom_object,
            related_records=given.related_records,
        ),
    )


def _port(value: str) -> int:
    port = int(value)
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError(f"{value} is no port")
    return port


def _count(value: str) -> int:
    count = int(value)
    if not 0 <= count <= MOST_EXTRA:
        raise argparse.ArgumentTypeError(f"{value} is not between 0 and {MOST_EXTRA}")
    return count


def _records(value: str) -> int:
    count = int(value)
    if not 0 <= count <= MOST_RECORDS:
        raise argparse.ArgumentTypeError(f"{value} is not between 0 and {MOST_RECORDS}")
    return count


def main() -> int:
    """0 after a signal, 1 when the sandbox could not begin."""
    quiet()
    try:
        asyncio.run(serve(parse(sys.argv[1:])))
    except (OSError, ValueError) as error:
        print(f"The sandbox could not start: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python
"""Django's command line."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line

    from permissions import isolation

    # Threads begin with no organisation all the same: servers and workers enter one for each request and task.
    with isolation.every_organisation("who runs a command has the whole database in their hands"):
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()

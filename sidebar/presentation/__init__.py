"""Turning what the services answer into what a page shows: order, grouping, ticks. Words stand in the templates."""

from sidebar.presentation.page import Foot, Page, StatusLine, Ticks, foot, foot_again, page, status_line

__all__ = ["Foot", "Page", "StatusLine", "Ticks", "foot", "foot_again", "page", "status_line"]

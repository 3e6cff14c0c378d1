"""The table of the User Interface API's resources.

Reference: https://developer.salesforce.com/docs/atlas.en-us.uiapi.meta/uiapi/ui_api_resources.htm
"""

from __future__ import annotations

from sandbox.salesforce.api import resource
from sandbox.salesforce.uiapi import lookups, object_info, picklist_values, reading, related, writing

_INFO = r"ui-api/object-info"
RESOURCES = (
    resource(_INFO, GET=object_info.directory),
    resource(f"{_INFO}/batch/([^/]+)", GET=object_info.batch),
    resource(f"{_INFO}/(\\w+)", GET=object_info.one),
    resource(f"{_INFO}/(\\w+)/picklist-values/(\\w+)", GET=picklist_values.all_fields),
    resource(f"{_INFO}/(\\w+)/picklist-values/(\\w+)/(\\w+)", GET=picklist_values.one_field),
    resource(r"ui-api/layout/(\w+)", GET=reading.layout),
    resource(r"ui-api/record-ui/([^/]+)", GET=reading.record_ui),
    resource(r"ui-api/record-defaults/create/(\w+)", GET=reading.create_defaults),
    resource(r"ui-api/lookups/(\w+)/(\w+)", GET=lookups.retired, POST=lookups.suggestions),
    resource(r"ui-api/lookups/(\w+)/(\w+)/(\w+)", GET=lookups.retired),
    resource(r"ui-api/related-list-records/(\w+)/(\w+)", GET=related.records),
    resource(r"ui-api/records", POST=writing.create),
    resource(r"ui-api/records/batch/([^/]+)", GET=reading.batch),
    resource(r"ui-api/records/(\w+)", GET=reading.one, PATCH=writing.update, DELETE=writing.delete),
)

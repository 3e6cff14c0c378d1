"""The User Interface API: metadata, layouts and records as a page needs them, under `/ui-api/`.

Reference: https://developer.salesforce.com/docs/atlas.en-us.uiapi.meta/uiapi/
"""

"""Static files under names that carry their content, compressed, so that a browser asks for each of them once.

The scripts are plain modules that name each other (`import … from "./session.js"`): those names are followed too, else
every visit would ask for every module again.

https://docs.djangoproject.com/en/5.2/ref/contrib/staticfiles/#manifeststaticfilesstorage
"""

from __future__ import annotations

from whitenoise.storage import CompressedManifestStaticFilesStorage


class ModuleStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    support_js_module_import_aggregation = True

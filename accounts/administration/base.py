"""What each page about rows is made of: it names a permission for looking and one for changing, and asks the policy.

A list shows the rows of the organisation that the policy lets the person see, and no other exists for them (404).
What the vendor's staff open in a staff session is recorded: each record, and each page of a list.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString

from accounts.administration import seen
from accounts.administration.place import Place, here_of, place_of
from accounts.administration.steps import Step, StepPage, steps_offered
from accounts.history.recording import recorded
from accounts.models import Organisation
from permissions import policy, registry
from permissions.models import Resource

if TYPE_CHECKING:  # the class takes a parameter in the stubs alone
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin


@dataclass(frozen=True, slots=True)
class Needs:
    """The permission of each operation. What has none is not done by this page."""

    view: str
    change: str = ""

    def __post_init__(self) -> None:
        for name in filter(None, (self.view, self.change)):
            registry.permission(name)


class Administered(_ModelAdmin):
    """`room` and `order`: where it stands in the navigation; no room: it is led to. `kind`: as the audit trail says.

    `resource_field`: the lookup path to a row's resource, the model's `RESOURCE_FIELD` by default.
    """

    needs: ClassVar[Needs]
    kind: ClassVar[str]
    title: ClassVar[Any]
    tells: ClassVar[Any] = ""
    empty: ClassVar[Any] = ""
    room: ClassVar[str] = ""
    order: ClassVar[int] = 50
    resource_field: ClassVar[str] = ""
    steps: ClassVar[Sequence[Step]] = ()
    #: What a field that may be changed is called, where its own name is none for people.
    labels: ClassVar[dict[str, Any]] = {}

    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    actions_selection_counter = True
    view_on_site = False

    # Addresses

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        site: Any = self.admin_site
        return [
            path("", site.guarded(self.changelist_view, self.needs.view), name=f"{name}_changelist"),
            *(
                path(
                    f"step/{step.name}/",
                    site.guarded(StepPage(self, step), step.permission),
                    name=f"{name}_{step.name}",
                )
                for step in self.steps
            ),
            *self.more_urls(name),
            path("<path:object_id>/change/", site.guarded(self.change_view, self.needs.view), name=f"{name}_change"),
        ]

    def more_urls(self, name: str) -> list[URLPattern]:
        return []

    # The policy

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, self.needs.view, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(self.needs.change) and self._may(request, self.needs.change, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def _may(self, request: HttpRequest, permission: str, obj: Any) -> bool:
        place = place_of(request)
        return place is not None and place.may(permission, self.resource_of(obj) if obj is not None else None)

    def resource_of(self, obj: Any) -> Resource:
        found: Resource = reduce(getattr, self.path_to_resource.split("__"), obj)
        return found

    @property
    def path_to_resource(self) -> str:
        return self.resource_field or str(self.model.RESOURCE_FIELD)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return self.scoped(here_of(request), self.needs.view)

    def scoped(self, place: Place, permission: str) -> QuerySet[Any]:
        """The organisation's rows on which the person holds the permission."""
        rows = self.of_organisation(self.model._default_manager.all(), place.here)
        ordering = self.ordering or ()
        rows = rows.order_by(*ordering) if ordering else rows
        return policy.scope(place.principal_id, permission, rows, field=self.resource_field or None)

    def of_organisation(self, rows: QuerySet[Any], organisation: Organisation) -> QuerySet[Any]:
        names = {field.name for field in self.opts.get_fields()}
        return (
            rows.filter(organisation=organisation)
            if "organisation" in names
            else rows.filter(root=organisation.resource_id)
        )

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> Any:
        raise Http404

    # What is seen and done

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        place = here_of(request)
        said = {
            "title": self.title,
            "tells": self.tells,
            "empty": self.empty,
            "list_steps": [step for step in self.steps if step.on == "none" and place.may(step.permission)],
            **(extra_context or {}),
        }
        response = super().changelist_view(request, said)
        listed = getattr(response, "context_data", None) or {}
        if "cl" in listed:
            seen.note(place, self.kind, page=str(self.opts.model_name), rows=len(listed["cl"].result_list))
        return response

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        place = here_of(request)
        obj = self.get_object(request, object_id or "")
        if obj is None:
            raise Http404
        said = {
            "subtitle": None,
            "title": self.name_of(obj),
            "list_title": self.title,
            "list_address": self.list_address,
            "steps_address": self.list_address,
            "links": self.links_of(place, obj),
            "row_steps": steps_offered(self, place, obj),
            "parts": self.parts_of(place, obj) if request.method == "GET" else [],
            "show_save_and_continue": False,
            "show_save_and_add_another": False,
            **(extra_context or {}),
        }
        if request.method != "POST":
            seen.note(place, self.kind, obj.pk, page=str(self.opts.model_name))
            return super().changeform_view(request, object_id, form_url, said)
        with recorded(place.doer):
            return super().changeform_view(request, object_id, form_url, said)

    @property
    def list_address(self) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def links_of(self, place: Place, obj: Any) -> list[tuple[str, str]]:
        """(words, address) of further pages about a row."""
        return []

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.labels:
            kwargs["label"] = self.labels[db_field.name]
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def name_of(self, obj: Any) -> str:
        return str(obj)

    def parts_of(self, place: Place, obj: Any) -> list[SafeString]:
        """Further parts of a row's page, drawn."""
        return []

    # Django's own log is not kept

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any: ...

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any: ...

    def log_deletion(self, *args: Any, **kwargs: Any) -> None: ...

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any: ...

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """The steps that many rows can take at once, for who may take them somewhere."""
        place = here_of(request)
        return {
            step.name: (StepPage(self, step).from_list, step.name, step.title)
            for step in self.steps
            if step.on == "rows" and place.may(step.permission)
        }


class Read(Administered):
    """A page that only shows: every field is read-only."""

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        return self.readonly_fields or self.fields or ()


class Inline(admin.TabularInline if not TYPE_CHECKING else admin.TabularInline[Any, Any]):  # type: ignore[misc]
    """Rows of a row: who may change the one may change, add and delete these."""

    extra = 0
    can_delete = True

    def _change(self, request: HttpRequest) -> bool:
        page = self.admin_site._registry[self.parent_model]
        return bool(page.has_change_permission(request))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._change(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._change(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._change(request)

"""Control routes of the tenant: how notifications are delivered, and which mailboxes applications may reach.

No part of Graph; tests use them in place of an unreliable network and of an administrator.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.microsoft.subscriptions import Subscription
from sandbox.microsoft.tenant import Tenant

Share = Annotated[float, Field(ge=0, le=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Delivery(_Strict):
    """How deliveries go wrong from now on; what is not named stays. `per_mailbox` is the limit of subscriptions."""

    duplicate: Share | None = None
    reorder: bool | None = None
    drop: Share | None = None
    delay_ms: Annotated[int, Field(ge=0, le=60_000)] | None = None
    phantom: Annotated[int, Field(ge=0, le=100)] | None = None
    per_mailbox: Annotated[int, Field(ge=0)] | None = None


class Lifecycle(_Strict):
    """A lifecycle event for one subscription, or for all of one mailbox."""

    event: Literal["reauthorizationRequired", "subscriptionRemoved", "missed"]
    user: str | None = None
    subscription: str | None = None

    @model_validator(mode="after")
    def _names_one(self) -> Lifecycle:
        if (self.user is None) == (self.subscription is None):
            raise ValueError("Name a user or a subscription.")
        return self


class TenantChange(_Strict):
    """`application_access` lists the addresses of the mailboxes that applications may reach; null is all."""

    application_access: list[str] | None


def control_routes(tenant: Tenant) -> list[BaseRoute]:
    """`/_sandbox/notifications`, `/_sandbox/notifications/lifecycle` and `/_sandbox/tenant`."""
    subscriptions = tenant.subscriptions

    def notifications(body: Any) -> Any:
        if body is not None:
            given = Delivery.model_validate(body).model_dump(exclude_none=True)
            subscriptions.per_mailbox = given.pop("per_mailbox", subscriptions.per_mailbox)
            for name, value in given.items():
                setattr(subscriptions.notifier.settings, name, value)
        return {
            "settings": vars(subscriptions.notifier.settings) | {"per_mailbox": subscriptions.per_mailbox},
            "subscriptions": [_shown(one) for one in subscriptions.active()],
            "waiting": subscriptions.notifier.waiting,
            "delivered": list(subscriptions.notifier.delivered),
        }

    def lifecycle(body: Any) -> Any:
        order = Lifecycle.model_validate(body)
        if order.user is not None:
            chosen = subscriptions.of_mailbox(tenant.mailbox(order.user))
        else:
            found = subscriptions.get(order.subscription or "")
            if found is None:
                raise KeyError(order.subscription)
            chosen = [found]
        return {"sent": sum(subscriptions.lifecycle(one, order.event) for one in chosen), "of": len(chosen)}

    def change_tenant(body: Any) -> Any:
        if body is not None:
            access = TenantChange.model_validate(body).application_access
            oids = None if access is None else frozenset(tenant.mailbox(address).oid for address in access)
            tenant.application_access = oids
        reached = [user.email for user in tenant.users.values() if tenant.application_reaches(user.oid)]
        return {"application_access": reached}

    return [
        Route("/_sandbox/notifications", _endpoint(notifications), methods=["GET", "POST"]),
        Route("/_sandbox/notifications/lifecycle", _endpoint(lifecycle), methods=["POST"]),
        Route("/_sandbox/tenant", _endpoint(change_tenant), methods=["GET", "POST"]),
    ]


def _endpoint(act: Callable[[Any], Any]) -> Callable[[Request], Any]:
    async def answer(request: Request) -> Response:
        try:
            return JSONResponse(act(json.loads(await request.body()) if request.method == "POST" else None))
        except ValidationError as error:
            details = [{"field": ".".join(map(str, one["loc"])), "message": one["msg"]} for one in error.errors()]
            return JSONResponse({"error": "This request is not valid.", "details": details}, 400)
        except KeyError as error:
            return JSONResponse({"error": f"There is no mailbox or subscription {error}."}, 400)
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)

    return answer


def _shown(subscription: Subscription) -> dict[str, Any]:
    return {
        "id": subscription.id,
        "user": subscription.mailbox.address,
        "resource": subscription.resource,
        "changeType": subscription.change_type,
        "notificationUrl": subscription.url,
        "lifecycleNotificationUrl": subscription.lifecycle_url,
        "expirationDateTime": subscription.expires.isoformat(),
        "immutableIds": subscription.immutable,
        "application": subscription.is_app,
    }

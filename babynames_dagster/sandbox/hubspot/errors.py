"""Errors as HubSpot writes them."""

from typing import Any


def error_body(message: str, category: str, correlation_id: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return an error's body as HubSpot writes it."""
    return {"status": "error", "message": message, "correlationId": correlation_id, "category": category, **more}


def rate_limit_body(policy: str, correlation_id: str) -> dict[str, Any]:
    """Return the body of a 429, which has no category."""
    name = "daily" if policy == "DAILY" else "ten_secondly_rolling"
    return {
        "status": "error",
        "message": f"You have reached your {name} limit.",
        "errorType": "RATE_LIMIT",
        "correlationId": correlation_id,
        "policyName": policy,
        "groupName": "publicapi:private-apps:api-calls",
    }

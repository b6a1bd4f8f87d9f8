"""What users do in the stand-in's account: merge, edit, archive, restore and delete contacts, add emails.

The routes stand for HubSpot's own pages; they need no token.
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from babynames_dagster.sandbox.hubspot.account import Account
from babynames_dagster_tests.support.stand_ins import hubspot_contacts


def user_routes(account: Account) -> list[Route]:
    """Return the routes with which a user's work is done.

    - `POST /_sandbox/merge`: `{"primary": email, "other": email}`; answers with the id of the record that it makes.
    - `POST /_sandbox/edit`: `{"email": ..., "properties": {...}}`, which may change the email.
    - `POST /_sandbox/archive`: `{"emails": [...]}`.
    - `POST /_sandbox/restore`: `{"email": ...}`, out of the archive.
    - `POST /_sandbox/delete`: `{"email": ...}`, permanently.
    - `POST /_sandbox/secondary-emails`: `{"primary": ..., "secondary": ...}`.
    """
    store = account.store

    async def merge(request: Request) -> Response:
        wanted = await request.json()
        return JSONResponse({"id": str(hubspot_contacts.merge(store, wanted["primary"], wanted["other"]))})

    async def edit(request: Request) -> Response:
        wanted = await request.json()
        hubspot_contacts.edit(store, wanted["email"], wanted["properties"])
        return Response(status_code=204)

    async def archive(request: Request) -> Response:
        found = [store.find(email) for email in (await request.json())["emails"]]
        store.archive(contact.contact_id for contact in found if contact is not None)
        return Response(status_code=204)

    async def restore(request: Request) -> Response:
        hubspot_contacts.restore(store, (await request.json())["email"])
        return Response(status_code=204)

    async def delete(request: Request) -> Response:
        hubspot_contacts.delete(store, (await request.json())["email"])
        return Response(status_code=204)

    async def secondary_emails(request: Request) -> Response:
        wanted = await request.json()
        hubspot_contacts.add_secondary_email(store, wanted["primary"], wanted["secondary"])
        return Response(status_code=204)

    actions = {
        "merge": merge,
        "edit": edit,
        "archive": archive,
        "restore": restore,
        "delete": delete,
        "secondary-emails": secondary_emails,
    }
    return [Route(f"/_sandbox/{name}", action, methods=["POST"]) for name, action in actions.items()]

"""Calls each connector operation of the official Python clients, against `xtask serve`.

Arguments: the path of xtask, and a folder for the authority's certificate. THEIRS lists the calls that fail because of a
mistake of the client, with the reason. Every other failure is ours, and the exit code is then 1.
"""
import sys

import httpx
from conductorone_sdk import SDK
from conductorone_sdk.models import operations, shared
from pipeshub_sdk import Pipeshub, models
from served import Fake

# Operation: the reason why the client itself fails.
THEIRS = {}

failures, seen = [], 0


def step(name, call, check=lambda result: result):
    """Runs a call and records whether its result is as expected."""
    global seen
    seen += 1
    try:
        result = call()
        problem = None if check(result) else f"unexpected result: {str(result)[:300]}"
        value = result
    except Exception as error:  # A user of the client sees every exception that it raises.
        problem, value = f"{type(error).__name__}: {str(error)[:600]}", None
    if problem and name in THEIRS:
        print(f"theirs  {name}: {THEIRS[name]}")
    elif problem:
        failures.append(f"{name}: {problem}")
        print(f"FAILED  {name}: {problem}")
    elif name in THEIRS:
        failures.append(f"{name}: it works now, so remove it from THEIRS")
    else:
        print(f"ok      {name}")
    return value


def c1(fake):
    token = fake.control("POST", "tokens")["access_token"]
    sdk = SDK(
        # The client requires both arguments and sends only one.
        security=shared.Security(bearer_auth=token, oauth=token),
        server_url=fake.url,
        client=httpx.Client(verify=fake.trust),
    )
    app, first = "app-github", "github-01"
    ids = {"app_id": app, "connector_id": first}
    calls, service = sdk.connector, "C1APIAppV1ConnectorService"
    ask = lambda name, **fields: getattr(operations, f"{service}{name}Request")(**fields)

    step("c1 apps.list", lambda: sdk.apps.list(request={}), lambda it: len(it.list_apps_response.list) == 2)
    step("c1 apps.get", lambda: sdk.apps.get(request={"id": app}), lambda it: it.get_app_response.app.id == app)
    page = step("c1 list", lambda: calls.list(request=ask("List", app_id=app, page_size=10)))
    step(
        "c1 list, its next page",
        lambda: calls.list(request=ask("List", app_id=app, page_token=page.connector_service_list_response.next_page_token)),
        lambda it: len(it.connector_service_list_response.list) == 3,
    )
    get = lambda: calls.get(request=ask("Get", app_id=app, id=first)).connector_service_get_response.connector_view.connector
    step("c1 get", get, lambda it: it.id == first)
    config = {"@type": "type.googleapis.com/c1.api.app.v1.EnvConfig", "configuration": {"GITHUB_ORGANIZATION": {"stringValue": "x"}}}
    created = step(
        "c1 create",
        lambda: calls.create(request=ask("Create", app_id=app, connector_service_create_request={"catalog_id": "catalog-github", "config": config})),
    )
    made = created.connector_service_create_response.connector_view.connector.id if created else ""
    step(
        "c1 create_delegated",
        lambda: calls.create_delegated(
            request=ask("CreateDelegated", app_id=app, connector_service_create_delegated_request={"catalog_id": "catalog-github", "display_name": "Ours"})
        ),
        lambda it: it.connector_service_create_response.connector_view.connector.display_name == "Ours",
    )
    step(
        "c1 update",
        lambda: calls.update(
            request=ask("Update", app_id=app, id=made, connector_service_update_request={"connector": {"config": config}, "update_mask": "config"})
        ),
    )
    step(
        "c1 update_delegated",
        lambda: calls.update_delegated(
            request=ask(
                "UpdateDelegated",
                connector_app_id=app,
                connector_id=made,
                connector_service_update_delegated_request={"connector": {"display_name": "New"}, "update_mask": "displayName"},
            )
        ),
        lambda it: it.connector_service_update_response.connector_view.connector.display_name == "New",
    )
    fake.control("POST", "syncs", {"anomalous": "too much", "polls_before_start": 0, "polls_while_running": 0})
    step("c1 force_sync", lambda: calls.force_sync(request=ask("ForceSync", **ids)))
    step("c1 get, with a sync that is held back", get, lambda it: it.connector_status.last_error == "too much")
    sync = fake.control("GET", f"connectors/{app}/{first}")["syncs"][-1]
    step("c1 confirm_sync_valid", lambda: calls.confirm_sync_valid(request=ask("ConfirmSyncValid", sync_lifecycle_id=sync, **ids)))
    step("c1 get, with the sync released", get, lambda it: "DONE" in str(it.connector_status.status))
    step("c1 get_connector_sync_download_url", lambda: calls.get_connector_sync_download_url(request=ask("GetConnectorSyncDownloadURL", sync_id=sync, **ids)))
    step("c1 pause_sync", lambda: calls.pause_sync(request=ask("PauseSync", **ids)))
    step("c1 resume_sync", lambda: calls.resume_sync(request=ask("ResumeSync", **ids)))
    rotated = step(
        "c1 rotate_credential",
        lambda: calls.rotate_credential(request={"app_id": app, "connector_id": first}),
        lambda it: it.connector_service_rotate_credential_response.connector_credential.id,
    )
    credential = {"id": rotated.connector_service_rotate_credential_response.connector_credential.id if rotated else "", **ids}
    step("c1 get_credentials", lambda: calls.get_credentials(request=ask("GetCredentials", **credential)))
    step("c1 revoke_credential", lambda: calls.revoke_credential(request=ask("RevokeCredential", **credential)))
    step("c1 validate_http_connector_config", lambda: calls.validate_http_connector_config(request={"text": "a: b"}))
    step("c1 configuration_schema", lambda: sdk.connector_catalog.configuration_schema(request={"catalog_id": "catalog-github"}))
    step("c1 delete", lambda: calls.delete(request=ask("Delete", app_id=app, id=made)))
    fake.control("POST", "faults", {"status": 429, "headers": {"retry-after": "1"}, "on": "ConnectorService.Get"})
    step("c1 a 429", lambda: refused(get, 429))
    fake.control("DELETE", "tokens")
    step("c1 a token that is no longer valid", lambda: refused(get, 401))


def refused(call, status):
    try:
        call()
    except Exception as error:
        return getattr(error, "status_code", None) == status
    return False


def pipeshub(fake):
    security = models.Security(
        oauth2=models.SchemeOauth2(
            client_id=fake.environment["PIPESHUB_CLIENT_ID"],
            client_secret=fake.environment["PIPESHUB_CLIENT_SECRET"],
            token_url=f"{fake.url}/api/v1/oauth2/token",
        )
    )
    sdk = Pipeshub(security=security, server_url=f"{fake.url}/api/v1", client=httpx.Client(verify=fake.trust))
    step("pipeshub get_record_content", lambda: sdk.connector.get_record_content(record_id="record-plan"))
    step("pipeshub navigate_knowledge_graph", lambda: sdk.connector.navigate_knowledge_graph(node_id="PA-1787"))
    step("pipeshub lookup_record_by_identifier", lambda: sdk.connector.lookup_record_by_identifier(identifiers=["PA-1787", "PA-0"]))


xtask, folder = sys.argv[1:3]
for service, drive in (("c1", c1), ("pipeshub", pipeshub)):
    fake = Fake(xtask, [service, "--seed", "foreign"], authority=f"{folder}/{service}.pem")
    try:
        drive(fake)
    finally:
        failures.extend(f"the fake is wrong: {mistake}" for mistake in fake.stop())
print(f"{seen} calls, {len(failures)} failures of ours, {len(THEIRS)} known ones of theirs")
sys.exit("\n".join(failures) if failures else 0)

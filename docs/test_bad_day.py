"""A client's bad day, for pytest: a 429, an expired token and a failing sync of `cargo xtask serve c1`, whose URL is $FAKE."""
import json
import os
from urllib import error, request

CONNECTOR = "/api/v1/apps/app-github/connectors/github-01"

def call(method, path, body=None, token=""):
    data = None if body is None else json.dumps(body).encode()
    sent = request.Request(os.environ["FAKE"] + path, data, {"authorization": f"Bearer {token}", "content-type": "application/json"}, method=method)
    try:
        with request.urlopen(sent) as response:
            return response.status, json.load(response)
    except error.HTTPError as failed:
        return failed.code, failed.headers

def test_a_429_an_expired_token_and_a_failing_sync():
    token = call("POST", "/_control/tokens", {"lifetime_seconds": 3600})[1]["access_token"]
    call("POST", "/_control/faults", {"status": 429, "headers": {"retry-after": "2"}, "on": "ConnectorService.Get"})
    status, headers = call("GET", CONNECTOR, token=token)
    assert (status, headers["retry-after"]) == (429, "2")
    call("POST", "/_control/clock", {"advance_seconds": 3600})
    assert call("GET", CONNECTOR, token=token)[0] == 401
    token = call("POST", "/_control/tokens")[1]["access_token"]
    call("POST", "/_control/syncs", {"error": "no such host", "polls_before_start": 0, "polls_while_running": 0})
    call("POST", f"{CONNECTOR}/force_sync", {}, token)
    assert call("GET", CONNECTOR, token=token)[1]["connectorView"]["connector"]["status"]["lastError"] == "no such host"

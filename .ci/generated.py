"""Generates valid and invalid requests for each operation of the served fakes from the documents (schemathesis), and reports
each response that the document does not allow.

Arguments: the path of xtask, and the folder of the installed tools. REASONS lists the failures that are not our mistake,
with the reason. Every other failure is ours, and the exit code is then 1.
"""
import base64
import collections
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from served import Fake

# Examples of each operation, and not seconds, so that a slow machine sends the same requests as a fast one.
EXAMPLES = 20
# The longest time for all of them. They take 20.
SECONDS = 100
RESPONSES = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
]

# Fields of a form of the library that can be any text or a list of texts, and one that can be a list of one integer.
TEXTS = (
    r"in body - (tags|note|pages|file): Incorrect type|violates `(type|format)` at /properties/(tags|note|pages|file)\b"
    r"|violates `type` at /properties/sizes \(was array, became integer\)"
)


def fields_are_texts(text):
    """Whether each wrong value that was sent is a field of a form, and a text is allowed there."""
    wrong = [line for line in text.splitlines() if re.search(r"in body - |^  - ", line)]
    return bool(wrong) and all(re.search(TEXTS, line) for line in wrong)


# Expected failures: the service, the kind of failure (None: any), and a test of the status and of a text with the operation, the
# response and the message; with the reason why it is not our mistake.
REASONS = [
    ("pipeshub", "ServerError", lambda status, text: status == 500 and "the body is not JSON" in text,
     "the real server responds with 500 to a body that is not JSON"),
    ("pipeshub", "ServerError", lambda status, text: status == 500 and "request entity too large" in text,
     "the real server responds with 500 to a body that is too large"),
    ("pipeshub", "ServerError", lambda status, text: status == 500 and "the statistics cannot be read" in text,
     "the real server responds with 500 to the statistics of a connector that does not exist"),
    ("pipeshub", None, lambda status, text: status == 414,
     "the HTTP library responds to a path that is too long, before the fake sees the request"),
    ("library", "UndefinedStatusCode", lambda status, text: status in (400, 401, 404, 405, 415),
     "a fake of a document refuses what the document does not allow, and the document does not list these statuses"),
    ("library", "RejectedPositiveData", lambda status, text: status == 400 and "not a form: failed to read headers" in text,
     "the tool writes control characters into the headers of a part, which RFC 9110 does not allow"),
    ("library", "RejectedPositiveData", lambda status, text: status == 415 and '\\"multipart/form-data\\" is not documented' in text,
     "the tool sends every multipart body as multipart/form-data, and the document has multipart/mixed"),
    ("library", "AcceptedNegativeData", lambda status, text: text.startswith("POST /covers/{id}\n") and fields_are_texts(text),
     "a value of a form is a string, which can be the text of another value, and a list of one element is one field"),
    ("library", "AcceptedNegativeData", lambda status, text: text.startswith("POST /books/{id}/pages\n") and "in body" in text,
     "a fake reads the bodies of forms and of JSON, and not of multipart/mixed"),
    ("library", "AcceptedNegativeData", lambda status, text: "in header - object with unexpected properties" in text,
     "the tool adds a header that the document does not have, and HTTP allows further headers"),
    ("library", "JsonSchemaError", lambda status, text: "\nevent: " in text,
     "the data of an event is a string on the wire, which contains JSON if the document describes an object"),
    ("library", "IgnoredAuth", lambda status, text: True,
     "a fake of a document accepts any credential, as docs/serve.md describes"),
]


class Tested(Fake):
    """A fake, and the tool that sends the requests."""

    def __init__(self, xtask, name, arguments, settings):
        super().__init__(xtask, arguments)
        self.name, self.settings = name, settings

    def start(self, tool, folder):
        """Starts the tool against the fake, in its own folder."""
        self.folder = pathlib.Path(folder) / self.name
        self.folder.mkdir()
        (self.folder / "document.json").write_text(json.dumps(self.control("GET", "document")))
        (self.folder / "schemathesis.toml").write_text(self.settings["parameters"])
        header = self.settings.get("header") or "Authorization: Bearer " + self.control("POST", "tokens", {})["access_token"]
        command = [tool, "run", "document.json", "--url", self.url + self.settings["prefix"], "--header", header]
        command += ["--max-examples", str(EXAMPLES), "--generation-deterministic", "--checks", ",".join(self.settings["checks"])]
        command += ["--no-color", "--warnings", "off", "--report", "ndjson", "--report-dir", "report"]
        self.log = open(self.folder / "log", "w")
        self.tool = subprocess.Popen(command, cwd=self.folder, stdout=self.log, stderr=subprocess.STDOUT)

    def failures(self, until):
        """The number of requests that were sent, and each failure with the status and the text of its response."""
        try:
            code = self.tool.wait(timeout=max(1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            sys.exit(f"schemathesis did not end in {SECONDS} seconds for {self.name}:\n" + (self.folder / "log").read_text()[-3000:])
        reports = list((self.folder / "report").glob("*.ndjson"))
        if code not in (0, 1) or not reports:
            sys.exit(f"schemathesis ended with {code} for {self.name}:\n" + (self.folder / "log").read_text()[-3000:])
        sent, found = 0, []
        for line in reports[0].read_text().splitlines():
            recorder = json.loads(line).get("ScenarioFinished", {}).get("recorder")
            if not recorder:
                continue
            interactions = recorder.get("interactions") or {}
            sent += len(interactions)
            for case, checks in (recorder.get("checks") or {}).items():
                for check in checks:
                    if check["status"] == "failure":
                        response = (interactions.get(case) or {}).get("response") or {}
                        content = (response.get("content") or {}).get("$base64", "")
                        text = base64.b64decode(content).decode(errors="replace")
                        found.append((check["failure_info"]["failure"], response.get("status_code"), text))
        if sent < 20:
            sys.exit(f"only {sent} requests were sent to {self.name}:\n" + (self.folder / "log").read_text()[-3000:])
        return sent, found


xtask, tools = sys.argv[1:3]
everything = RESPONSES + ["negative_data_rejection", "positive_data_acceptance", "ignored_auth", "missing_required_header"]
ids = '[parameters]\napp_id = "app-github"\nconnector_id = "github-01"\n"path.id" = "github-01"\nconnectorId = "s3-01"\n'
served = [
    ("c1", ["c1", "--seed", "generated"], {"checks": RESPONSES, "prefix": "", "parameters": ids}),
    ("pipeshub", ["pipeshub", "--seed", "generated"], {"checks": RESPONSES, "prefix": "/api/v1", "parameters": ids}),
    (
        "library",
        ["--from", "tests/third/openapi.yaml"],
        {"checks": everything, "prefix": "", "parameters": "", "header": "X-Library-Key: k"},
    ),
]
fakes, ours = [], []
with tempfile.TemporaryDirectory() as folder:
    try:
        for name, arguments, settings in served:
            fakes.append(Tested(xtask, name, arguments, settings))
        until = time.monotonic() + SECONDS
        for fake in fakes:
            fake.start(f"{tools}/bin/schemathesis", folder)
        for fake in fakes:
            sent, found = fake.failures(until)
            known = collections.Counter()
            for failure, status, text in found:
                reasons = [why for name, kind, fits, why in REASONS if name == fake.name and kind in (None, failure["type"]) and fits(status, f"{failure['operation']}\n{text}\n{failure['message']}")]
                if reasons:
                    known[reasons[0]] += 1
                else:
                    ours.append(f"{fake.name}: {failure['operation']}: {failure['title']}: {failure['message']} ({status}): {text[:300]}")
            print(f"{fake.name}: {sent} requests, {len(found) - sum(known.values())} failures of ours")
            for why, count in known.items():
                print(f"  known, {count} times: {why}")
    finally:
        for fake in fakes:
            if getattr(fake, "tool", None):
                fake.tool.kill()
            ours.extend(f"{fake.name} is wrong: {mistake}" for mistake in fake.stop())
sys.exit("\n".join(ours) if ours else 0)

"""A fake that `xtask serve` runs, for the scripts here."""
import json
import re
import ssl
import subprocess
import sys
from urllib import request


class Fake:
    """A served fake. `arguments` are those of `xtask serve`. `authority` is the certificate's file for HTTPS, or None."""

    def __init__(self, xtask, arguments, authority=None):
        command = [xtask, "serve", *arguments, "--port", "0", *(["--tls", authority] if authority else [])]
        # Its standard error is shown unchanged.
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        printed = ""
        while "Ctrl-C" not in printed:
            line = self.process.stdout.readline()
            if not line:
                sys.exit(f"{' '.join(command)} ended")
            printed += line
        self.url = re.search(r"listens on (\S+?)\.\s", printed).group(1)
        self.environment = dict(re.findall(r"export (\w+)='([^']*)'", printed))
        self.trust = ssl.create_default_context(cafile=authority) if authority else None

    def control(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        sent = request.Request(f"{self.url}/_control/{path}", data, method=method)
        with request.urlopen(sent, context=self.trust) as response:
            return json.load(response)

    def stop(self):
        """Stops it, and returns the responses that its document does not allow."""
        mistakes = self.control("GET", "mistakes")
        self.process.terminate()
        self.process.wait()
        return mistakes

"""A shared workbench: nobody sees anything before logging in, and what is done carries the name of the login."""

from __future__ import annotations

import base64
import json
import re
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from automic_core import workbench
from tests.browser.driver import Person, serving

jose = pytest.importorskip("joserfc.jwt")
keys = pytest.importorskip("joserfc.jwk")


class Provider(ThreadingHTTPServer):
    """An OpenID Connect provider that lets everybody in as Ada (authorization code flow, RS256)."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.key = keys.RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.nonces: dict[str, str] = {}

    def token(self, code: str) -> str:
        now = int(time.time())
        claims = {"iss": self.url, "sub": "ada", "aud": "automic", "iat": now, "exp": now + 600}
        claims |= {"email": "ada@example.org", "name": "Ada", "nonce": self.nonces.pop(code)}
        return str(jose.encode({"alg": "RS256", "kid": "one"}, claims, self.key))


class Handler(BaseHTTPRequestHandler):
    server: Provider

    def log_message(self, *args: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        place = urlsplit(self.path)
        url = self.server.url
        if place.path == "/.well-known/openid-configuration":
            known = {"issuer": url, "jwks_uri": f"{url}/keys", "id_token_signing_alg_values_supported": ["RS256"]}
            known |= {"authorization_endpoint": f"{url}/authorize", "token_endpoint": f"{url}/token"}
            self.answer(known)
        elif place.path == "/keys":
            self.answer({"keys": [self.server.key.as_dict(private=False)]})
        else:
            asked = {name: values[0] for name, values in parse_qs(place.query).items()}
            code = secrets.token_hex(8)
            self.server.nonces[code] = asked.get("nonce", "")
            self.send_response(302)
            query = urlencode({"code": code, "state": asked["state"]})
            self.send_header("Location", f"{asked['redirect_uri']}?{query}")
            self.end_headers()

    def do_POST(self) -> None:
        body = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        token = self.server.token(body["code"][0])
        self.answer({"access_token": "x", "token_type": "Bearer", "expires_in": 600, "id_token": token})

    def answer(self, data: dict[str, Any]) -> None:
        text = json.dumps(data).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_who_logs_in_acts_under_that_name(chromium: Any, provider: Provider, tmp_path: Path) -> None:
    lake = workbench.create(tmp_path / "lake").path
    (tmp_path / "a.csv").write_text("id,name\n1,Ada\n2,Bo\n", encoding="utf-8")
    with workbench.opened(lake) as opened:
        workbench.ingest(opened, workbench.build_source(str(tmp_path / "a.csv")), "people")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = tmp_path / "login.toml"
    settings.write_text(
        f'[auth]\nredirect_uri = "http://127.0.0.1:{port}/oauth2callback"\n'
        f'cookie_secret = "{base64.b64encode(secrets.token_bytes(24)).decode()}"\nclient_id = "automic"\n'
        f'client_secret = "nobody knows"\nserver_metadata_url = "{provider.url}/.well-known/openid-configuration"\n',
        encoding="utf-8",
    )
    with serving(lake, "--login", str(settings), log=tmp_path / "log", port=port) as url:
        context = chromium.new_context()
        ada = Person(context.new_page(), url)
        ada.open("tables", table="bronze.people")
        ada.see("log in to see it")
        assert "people" not in ada.text()
        ada.click("Log in")
        ada.page.wait_for_url(f"{url}/**")
        ada.page.get_by_text(re.compile("ada@.?example")).first.wait_for(state="attached")
        ada.open("promote", table="bronze.people")
        ada.click("Prepare review")
        ada.see("Publish")
        ada.click("Publish")
        ada.see("is published")
        with ada.page.expect_navigation():  # a context that is closed while a page still loads may never be closed
            ada.page.get_by_role("button", name="Log out").click()
        ada.see("log in to see it")
        context.close()
    with workbench.opened(lake) as opened:
        (run,) = [run for run in workbench.runs(opened) if run.table == "silver.people"]
    assert run.actor == "ada@example.org"
    assert "nobody knows" not in (tmp_path / "log").read_text(encoding="utf-8")

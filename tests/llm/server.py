"""A server on loopback that speaks OpenAI's and Anthropic's protocols and answers as it was told to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """What the server does with one request.

    Attributes:
        pieces: The answer; several arrive one by one if it is streamed.
        status: HTTP status; from 400 on ``error`` is the body's message.
        pause: Seconds before the answer, and between pieces.
        hold: Of a stream, what is waited for after the first piece.
    """

    pieces: list[str] = field(default_factory=list)
    status: int = 200
    error: str = ""
    code: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    pause: float = 0.0
    hold: threading.Event | None = None
    finish: str = "stop"
    refusal: str | None = None
    usage: bool = True


def says(*pieces: str, **more: Any) -> Reply:
    return Reply(list(pieces), **more)


@dataclass
class Server:
    """The running server.

    Attributes:
        replies: What is answered next, in order.
        asked: Bodies of the requests that came.
        headers: Their headers.
        gone: Set when a client went away in the middle of a stream.
    """

    port: int = 0
    replies: list[Reply | Callable[[dict[str, Any]], Reply]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    gone: threading.Event = field(default_factory=threading.Event)
    ending: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.asked.append(body)
            server.headers.append({name.lower(): value for name, value in self.headers.items()})
            server.paths.append(self.path)
            reply = server.replies.pop(0)
            reply = reply if isinstance(reply, Reply) else reply(body)
            try:
                server.ending.wait(reply.pause)
                if reply.status >= 300:
                    self._json({"error": {"message": reply.error, "type": "error", "code": reply.code}}, reply)
                elif "/messages" in self.path:
                    self._json(_anthropic(reply), reply)
                elif body.get("stream"):
                    self._stream(body, reply)
                else:
                    self._json(_openai(body, reply), reply)
            except (BrokenPipeError, ConnectionResetError):
                server.gone.set()

        def _json(self, value: Any, reply: Reply) -> None:
            text = json.dumps(value).encode()
            self.send_response(reply.status)
            for name, said in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, said)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def _stream(self, body: dict[str, Any], reply: Reply) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True
            for piece in reply.pieces:
                self._event(_chunk(body, {"content": piece}, None))
                server.ending.wait(reply.pause)
                if reply.hold is not None:
                    reply.hold.wait()
            self._event(_chunk(body, {}, reply.finish))
            if reply.usage:
                self._event({**_chunk(body, {}, None), "choices": [], "usage": _usage(reply)})
            self.wfile.write(b"data: [DONE]\n\n")

        def _event(self, value: Any) -> None:
            self.wfile.write(b"data: " + json.dumps(value).encode() + b"\n\n")
            self.wfile.flush()

        def log_message(self, *_: Any) -> None:
            """Silent."""

    return Handler


def _usage(reply: Reply) -> dict[str, int]:
    return {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}


def _chunk(body: dict[str, Any], delta: dict[str, Any], finish: str | None) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"role": "assistant", **delta}, "finish_reason": finish}
    head = {"id": "c1", "object": "chat.completion.chunk", "created": int(time.time()), "model": body["model"]}
    return {**head, "choices": [choice]}


def _openai(body: dict[str, Any], reply: Reply) -> dict[str, Any]:
    message = {"role": "assistant", "content": None if reply.refusal else "".join(reply.pieces)}
    message |= {"refusal": reply.refusal} if reply.refusal else {}
    found = {"id": "c1", "object": "chat.completion", "created": 1, "model": body["model"]}
    found["choices"] = [{"index": 0, "message": message, "finish_reason": reply.finish}]
    return found | ({"usage": _usage(reply)} if reply.usage else {})


def _anthropic(reply: Reply) -> dict[str, Any]:
    text = "".join(reply.pieces)
    return {
        "id": "m1",
        "type": "message",
        "role": "assistant",
        "model": "claude",
        "stop_sequence": None,
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 100, "output_tokens": 10},
    }


@contextmanager
def running() -> Iterator[Server]:
    """A server for a test; it ends with it."""
    server = Server()
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server))
    http.daemon_threads = True
    server.port = http.server_address[1]
    thread = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.ending.set()
        http.shutdown()
        thread.join()
        http.server_close()

"""A small chat-completions server on this machine, that can misbehave on request."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

Messages = list[dict[str, str]]


@dataclass
class Chat:
    """What the server says and what it was asked. ``answer`` returns a text, a status, or bytes
    to send instead of a completion."""

    answer: Callable[[Messages], str | int | bytes]
    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)


@contextmanager
def serving(answer: Callable[[Messages], str | int | bytes]) -> Iterator[Chat]:
    """A server on a free port for as long as the block runs."""
    chat = Chat(answer)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            with chat.lock:
                chat.asked.append(body)
                said = chat.answer(body["messages"])
            self.reply(said, body["model"])

        def reply(self, said: str | int | bytes, model: str) -> None:
            status = said if isinstance(said, int) else 200
            data = said if isinstance(said, bytes) else json.dumps(completion(said, model)).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    chat.url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield chat
    finally:
        server.shutdown()
        server.server_close()


def completion(said: str | int, model: str) -> dict[str, Any]:
    """A chat completion as OpenAI words it."""
    if isinstance(said, int):
        return {"error": {"message": "the server does not feel well"}}
    message = {"role": "assistant", "content": said}
    return {
        "id": "chat-1",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }


def local_model(name: str = "random:tiny", max_new_tokens: int = 8) -> Callable[[Messages], str]:
    """A real model behind the server, greedy."""
    from sqlgrpo.config import ModelConfig
    from sqlgrpo.inference.generate import Decoding, Generator
    from sqlgrpo.models import load_model, load_tokenizer

    config = ModelConfig(name=name)
    decoding = Decoding(max_new_tokens=max_new_tokens, weights="model")
    ask = Generator(load_model(config), load_tokenizer(config), decoding)
    return lambda messages: ask([messages])[0] or "?"

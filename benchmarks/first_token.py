"""How soon the first words of a model arrive in Ask: python benchmarks/first_token.py --model URL [--rounds N]

Ask streams a model's explanation of the statement that answers a question. That prompt goes to the server twice a
round, once by plain HTTP and once as Ask sends it (settings, consent, budget, cache, record, LiteLLM, a thread), each
first in every other round. Prompts differ only in numbers of one length: so no answer comes from our cache, and the
server, which remembers how a prompt begins, reads as much of each. Printed: the median time to the first text of both,
and their ratio. Requests go one at a time to a server that speaks OpenAI's protocol.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import httpx

from automic_core import Lakehouse
from automic_core.assist.asking import model_rung
from automic_core.errors import ModelError
from automic_core.llm.calls import Message
from automic_core.llm.context import as_data
from automic_core.llm.model import LanguageModel

TOKENS = 24
STATEMENT = (
    "SELECT c.country, count(*) AS orders, sum(o.total) AS revenue FROM silver.orders o "
    "JOIN silver.customers c ON o.customer_id = c.customer_id "
    "GROUP BY c.country HAVING sum(o.total) > {number} ORDER BY revenue DESC LIMIT 10"
)


def prompt(number: int) -> list[Message]:
    """What Ask sends to have a statement explained."""
    return [Message("system", model_rung._EXPLAIN), Message("user", as_data(STATEMENT.format(number=number)))]


def plain(address: str, model: str) -> Callable[[int], Iterator[str]]:
    """The texts of an answer, by HTTP and nothing else."""

    def ask(number: int) -> Iterator[str]:
        body = {
            "model": model,
            "messages": [{"role": each.role, "content": each.content} for each in prompt(number)],
            "temperature": 0,
            "max_tokens": TOKENS,
            "stream": True,
        }
        with (
            httpx.Client(trust_env=False, timeout=300) as client,
            client.stream("POST", f"{address.rstrip('/')}/chat/completions", json=body) as answer,
        ):
            answer.raise_for_status()
            for line in answer.iter_lines():
                if line.startswith("data: {"):
                    choices = json.loads(line.removeprefix("data: "))["choices"]
                    yield (choices[0]["delta"].get("content") or "") if choices else ""

    return ask


def through(model: LanguageModel) -> Callable[[int], Iterator[str]]:
    """The texts of an answer as Ask passes them on."""
    return lambda number: model.stream(prompt(number), "explain")


def first(texts: Iterator[str]) -> float:
    """Seconds until the first text that is not empty; the rest is read too, so that the server is free afterwards."""
    began, found = time.perf_counter(), 0.0
    with suppress(ModelError):  # the answer is cut at TOKENS, and Ask says so
        for text in texts:
            if text and not found:
                found = time.perf_counter() - began
    if not found:
        raise SystemExit("The model answered without a word; choose another.")
    return found


def main() -> None:
    """Ask by turns, and print."""
    reader = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reader.add_argument("--model", required=True, help="address of the server, such as http://127.0.0.1:8080/v1")
    reader.add_argument("--name", default="model", help="what the server calls the model")
    reader.add_argument("--rounds", type=int, default=20)
    chosen = reader.parse_args()
    llm = {"mode": "local", "provider": "compatible", "model": chosen.name, "api_base": chosen.model}
    limits = {"answer_tokens": TOKENS, "timeout_seconds": 300, "daily_tokens": None}
    with (
        tempfile.TemporaryDirectory(prefix="automic-first-token-") as folder,
        Lakehouse.open(folder, llm={**llm, **limits}) as lake,
    ):
        context = lake.context
        asked = LanguageModel(context.settings, context.state.models, context.actor)
        ways = {"the server alone": plain(chosen.model, chosen.name), "Ask": through(asked)}
        for way in ways.values():  # what is loaded once, and the beginning of the prompt
            first(way(100_000))
        times: dict[str, list[float]] = {name: [] for name in ways}
        number = 100_001
        for turn in range(chosen.rounds):
            for name in list(ways)[:: 1 if turn % 2 else -1]:
                times[name].append(first(ways[name](number)))
                number += 1
    for name, found in times.items():
        low, middle, high = (round(each(found) * 1000) for each in (min, statistics.median, max))
        print(f"first text, {name}: median {middle} ms ({low} to {high})")
    alone, ask = (statistics.median(found) for found in times.values())
    print(f"ratio of medians {ask / alone:.3f}, {(ask - alone) * 1000:+.1f} ms, {chosen.rounds} rounds")


if __name__ == "__main__":
    main()

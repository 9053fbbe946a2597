"""The language model by a server of recorded answers: the usual ones and the odd ones."""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
import time
import traceback
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from pydantic import BaseModel

from automic_core import logs
from automic_core.errors import BudgetError, ConfigError, ModelError, SecurityError
from automic_core.llm.budget import today
from automic_core.llm.calls import Message
from automic_core.llm.model import CancelledError, LanguageModel
from automic_core.state.models import ModelBook
from tests.llm.conftest import KEY
from tests.llm.server import Reply, Server, says

pytestmark = [
    pytest.mark.skipif(find_spec("litellm") is None, reason="LiteLLM is not installed: automic[llm]"),
    # LiteLLM's own
    pytest.mark.filterwarnings("ignore:.*Pydantic will not protect:UserWarning"),
    pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning"),
]

Ask = Callable[..., LanguageModel]
ASKED = [Message("system", "Answer briefly."), Message("user", "Which city?")]


class City(BaseModel):
    """What is asked for."""

    name: str
    people: int


GOOD = '{"name": "Rome", "people": 3}'


def outcomes(book: ModelBook) -> list[str]:
    return [call.outcome for call in reversed(book.calls())]


class TestTyped:
    def test_an_answer_is_checked_counted_and_kept(self, local: Ask, server: Server, book: ModelBook) -> None:
        server.replies = [says(GOOD)]
        assert local().answer(ASKED, City, "test") == City(name="Rome", people=3)
        (sent,) = server.asked
        assert sent["messages"][1] == {"role": "user", "content": "Which city?"}
        assert sent["response_format"]["json_schema"]["schema"] == City.model_json_schema()
        (call,) = book.calls()
        assert (call.outcome, call.tokens_in, call.tokens_out, call.cost, call.actor) == ("answered", 100, 10, 0, "ann")
        assert call.sent["messages"] == sent["messages"], "the record says what was sent, word for word"
        assert book.spent(today()).tokens == 110
        assert local().answer(ASKED, City, "test").name == "Rome"
        assert len(server.asked) == 1, "a question asked before costs nothing"
        assert outcomes(book) == ["answered", "cached"]
        assert book.spent(today()).tokens == 110

    @pytest.mark.parametrize(
        "wrong", ["Rome", '{"name": "Rome"', '{"name": "Rome", "people": "many"}', "[1]", "{" * 9999]
    )
    def test_one_that_does_not_fit_is_repaired_once(
        self, local: Ask, server: Server, book: ModelBook, wrong: str
    ) -> None:
        server.replies = [says(wrong), says(f"Here you are:\n```json\n{GOOD}\n```")]
        assert local().answer(ASKED, City, "test").people == 3
        *_, answered, told = server.asked[1]["messages"]
        assert answered == {"role": "assistant", "content": wrong}
        assert "does not fit" in told["content"]
        assert outcomes(book) == ["invalid", "answered"]
        assert local().answer(ASKED, City, "test").people == 3, "the repaired answer is the one that is kept"
        assert len(server.asked) == 2

    def test_twice_wrong_is_an_error_that_says_what(self, local: Ask, server: Server, book: ModelBook) -> None:
        server.replies = [says("no"), says('{"name": 1, "people": 1}')]
        with pytest.raises(
            ModelError, match=r"openai/small .* did not answer in the form asked for: name: Input should"
        ):
            local().answer(ASKED, City, "test")
        assert outcomes(book) == ["invalid", "invalid"]
        server.replies = [says(GOOD)]
        assert local().answer(ASKED, City, "test").people == 3, "a wrong answer is not kept"

    def test_the_other_protocol(self, remote: Ask, server: Server, book: ModelBook) -> None:
        model = remote(provider="anthropic", api_base=server.url.removesuffix("/v1"), input_price=3, output_price=15)
        model.agree()
        server.replies = [says(GOOD)]
        assert model.answer(ASKED, City, "test").name == "Rome"
        assert server.paths == ["/v1/messages"]
        assert server.headers[0]["x-api-key"] == KEY
        assert book.calls()[0].cost == pytest.approx((100 * 3 + 10 * 15) / 1e6)


class TestOdd:
    @pytest.mark.parametrize(
        ("reply", "outcome", "said"),
        [
            (says("Ro", finish="length"), "cut", r"cut before its end.*llm\.answer_tokens"),
            (says(refusal="I cannot help with that."), "refused", "refuses to answer: I cannot"),
            (says("", finish="content_filter"), "refused", "refuses to answer"),
            (
                Reply(status=400, code="context_length_exceeded", error="maximum context length is 4096 tokens"),
                "too_long",
                "cannot take a question of this length: maximum context",
            ),
            (
                Reply(status=400, error="the request exceeds the available context size (4096 tokens), increase it"),
                "too_long",
                "cannot take a question of this length",
            ),
            (Reply(status=404, error="model 'small' not found"), "failed", "'small' not found"),
            (Reply(status=307, headers={"Location": "/v1/elsewhere"}), "failed", "did not answer"),
        ],
    )
    def test_what_no_second_try_would_change(
        self, local: Ask, server: Server, book: ModelBook, reply: Reply, outcome: str, said: str
    ) -> None:
        server.replies = [reply]
        with pytest.raises(ModelError, match=said):
            local().answer(ASKED, City, "test")
        assert (outcomes(book), len(server.asked)) == ([outcome], 1)

    def test_busy_is_tried_again_after_the_time_the_server_wants(
        self, local: Ask, server: Server, book: ModelBook
    ) -> None:
        server.replies = [Reply(status=429, error="slow down", headers={"Retry-After": "0.3"}), says(GOOD)]
        began = time.monotonic()
        assert local().answer(ASKED, City, "test").people == 3
        assert time.monotonic() - began >= 0.3
        assert outcomes(book) == ["answered"]

    def test_busy_for_longer_than_an_answer_may_take(self, local: Ask, server: Server, book: ModelBook) -> None:
        server.replies = [Reply(status=429, error="slow down", headers={"Retry-After": "120"})]
        with pytest.raises(ModelError, match=r"asked too often.*asks for 120 s"):
            local().answer(ASKED, City, "test")
        assert (outcomes(book), book.spent(today()).tokens) == (["rate_limited"], 0)

    def test_a_server_that_fails_is_tried_no_more_often_than_said(self, local: Ask, server: Server) -> None:
        server.replies = [Reply(status=503, error="loading") for _ in range(2)]
        with pytest.raises(ModelError, match="loading"):
            local(retries=1).answer(ASKED, City, "test")
        assert len(server.asked) == 2

    def test_slow(self, local: Ask, server: Server, book: ModelBook) -> None:
        server.replies = [says(GOOD, pause=30)]
        began = time.monotonic()
        with pytest.raises(ModelError, match="in time"):
            local(timeout_seconds=0.4).answer(ASKED, City, "test")
        assert time.monotonic() - began < 15
        assert outcomes(book) == ["timeout"]
        assert book.spent(today()).tokens > 2_000, "nobody knows what it used: what was reserved stays spent"

    def test_nobody_there(self, local: Ask, server: Server) -> None:
        with pytest.raises(ModelError, match="automic model"):
            local(api_base="http://127.0.0.1:9/v1", retries=0).answer(ASKED, City, "test")

    def test_cancelled_before_an_answer(self, local: Ask, server: Server, book: ModelBook) -> None:
        server.replies = [says(GOOD, pause=30)]
        cancel = threading.Event()
        threading.Timer(0.2, cancel.set).start()
        began = time.monotonic()
        with pytest.raises(CancelledError):
            local().answer(ASKED, City, "test", cancel)
        assert time.monotonic() - began < 15
        assert outcomes(book) == ["cancelled"]


class TestStream:
    def test_the_first_words_come_before_the_last(self, local: Ask, server: Server, book: ModelBook) -> None:
        heard = threading.Event()
        server.replies = [says("Ro", "me", " wins", hold=heard)]
        stream = local().stream(ASKED, "test")
        assert next(stream) == "Ro", "although the server has not said the rest yet"
        heard.set()
        assert list(stream) == ["me", " wins"]
        (call,) = book.calls()
        assert (call.answer, call.outcome, call.tokens_in) == ("Rome wins", "answered", 100)
        assert list(local().stream(ASKED, "test")) == ["Rome wins"], "from what was kept"

    @pytest.mark.parametrize("how", ["stops reading", "cancels"])
    def test_one_that_is_not_wanted_any_more_is_ended(
        self, local: Ask, server: Server, book: ModelBook, how: str
    ) -> None:
        server.replies = [says(*["word "] * 500, pause=0.02)]
        cancel = threading.Event()
        stream = local().stream(ASKED, "test", cancel)
        next(stream)
        if how == "cancels":
            cancel.set()
            with pytest.raises(CancelledError):
                list(stream)
        else:
            stream.close()
        assert server.gone.wait(5), "the server is told by the closed connection"
        (call,) = book.calls()
        assert call.outcome == "cancelled"
        assert (call.answer or "").startswith("word ")
        assert book.answer(local().plan(ASKED).sent["model"]) is None

    def test_a_server_that_does_not_count(self, local: Ask, server: Server, book: ModelBook) -> None:
        server.replies = [says("Rome", usage=False)]
        assert local().text(ASKED, "test") == "Rome"
        assert book.spent(today()).tokens > 0


class TestMode:
    def test_off_by_default(self, local: Ask) -> None:
        with pytest.raises(ConfigError, match="No language model is set up"):
            local(mode="off").text(ASKED, "test")

    @pytest.mark.parametrize("host", ["api.openai.com", "10.0.0.5", "169.254.169.254", "localhost.evil.example"])
    def test_local_is_this_machine(self, local: Ask, host: str) -> None:
        with pytest.raises(SecurityError, match="nothing is sent"):
            local(api_base=f"http://{host}/v1").text(ASKED, "test")

    def test_a_proxy_gets_nothing_of_what_is_local(
        self, local: Ask, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        server.replies = [says("Rome")]
        assert local().text(ASKED, "test") == "Rome"

    def test_remote_needs_consent_first(self, remote: Ask, server: Server, book: ModelBook) -> None:
        model = remote()
        plan = model.plan(ASKED)
        assert (plan.needs_consent, plan.host) == (True, f"127.0.0.1:{server.port}")
        assert [each["content"] for each in plan.sent["messages"]] == ["Answer briefly.", "Which city?"]
        assert plan.cost is not None
        assert plan.cost > 0
        with pytest.raises(SecurityError, match="Nobody has agreed"):
            model.text(ASKED, "test")
        assert server.asked == []
        model.agree()
        server.replies = [says("Rome")]
        assert model.text(ASKED, "test") == "Rome"
        assert server.asked[0]["messages"] == plan.sent["messages"], "what was shown is what is sent"
        assert server.headers[0]["authorization"] == f"Bearer {KEY}"
        assert book.calls()[0].cost == pytest.approx((100 * 0.15 + 10 * 0.6) / 1e6)

    def test_remote_goes_only_where_its_key_may_go(self, remote: Ask, server: Server) -> None:
        model = remote(hosts=("api.openai.com",))
        model.agree()
        with pytest.raises(SecurityError, match=r"may go to api\.openai\.com, not to '127\.0\.0\.1'"):
            model.text(ASKED, "test")
        assert server.asked == []

    @pytest.mark.parametrize(
        ("llm", "said"),
        [
            ({"api_key": None}, "llm.api_key is not set"),
            ({"model": None}, "llm.model is not set"),
            ({"provider": "opnai"}, "no provider 'opnai'"),
            ({"api_base": "http://example.com/v1"}, "not encrypted"),
            ({"model": "claude-9", "provider": "anthropic"}, "costs is not known"),
        ],
    )
    def test_remote_needs_all_its_settings(self, remote: Ask, server: Server, llm: dict[str, str], said: str) -> None:
        with pytest.raises((ConfigError, SecurityError), match=said):  # noqa: PT012
            model = remote(**llm)
            model.agree()
            model.text(ASKED, "test")
        assert server.asked == []


class TestBudget:
    def test_a_call_that_could_cost_too_much_is_not_made(self, local: Ask, server: Server, book: ModelBook) -> None:
        server.replies = [says("Rome")]
        model = local(daily_tokens=300, answer_tokens=200)
        model.text(ASKED, "test")
        with pytest.raises(BudgetError, match=r"of 300 tokens and \$1\.00 a day 110 tokens .* Nothing was sent"):
            model.text([Message("user", "And now?")], "test")
        assert len(server.asked) == 1

    def test_money(self, remote: Ask, server: Server) -> None:
        model = remote(daily_cost=0.0001)
        model.agree()
        with pytest.raises(BudgetError, match=r"\$0\.0012"):
            model.text(ASKED, "test")
        assert server.asked == []

    def test_two_at_once_do_not_share_what_is_left(self, local: Ask, server: Server, book: ModelBook) -> None:
        server.replies = [says("Rome", pause=0.3), says("Rome", pause=0.3)]
        model = local(daily_tokens=300, answer_tokens=200)
        ended: list[str] = []

        def ask(word: str) -> None:
            try:
                ended.append(model.text([Message("user", word)], "test"))
            except BudgetError:
                ended.append("refused")

        threads = [threading.Thread(target=ask, args=(word,)) for word in ("one", "two")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(ended) == ["Rome", "refused"]


def test_the_key_is_nowhere_but_in_the_request(
    remote: Ask, server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Not even where a server repeats it."""
    caplog.set_level(logging.DEBUG)
    logs.configure("debug")
    model = remote(retries=0)
    model.agree()
    server.replies = [
        Reply(status=401, code="invalid_api_key", error=f"Incorrect API key provided: {KEY}."),
        says(f"Your key is {KEY}."),
    ]
    with pytest.raises(ModelError, match="does not accept the key") as refused:
        model.text(ASKED, "test")
    logs.logger().info("failed", exc_info=refused.value)
    told = "".join(traceback.format_exception(refused.value))
    model.text(ASKED, "test")
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"
    printed = capfd.readouterr()
    kept = "".join(map(str, sqlite3.connect(tmp_path / "state.db").iterdump()))
    assert "Incorrect API key" in kept
    for place in (
        told,
        caplog.text,
        printed.out,
        printed.err,
        kept,
        repr(model.__dict__),
        json.dumps(model.plan(ASKED).sent),
    ):
        assert KEY not in place

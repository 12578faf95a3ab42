"""Who watches: takes the messages of a carrier in and out, and finds the rules that its callers break.

While calls go on a message is only put into a queue. What it means is found out by `Conduct.work`, when there is time
for it; memory is bounded by the queue's limits, beyond which each new message makes an old one be looked at.

A message is looked at once, in the order in which it passed. A request is matched to its transaction and its dialog;
whether it is heard for the first time, again, within a dialog and so on is a `Moment`, and the checks of that moment
are asked. What should have come by some time is asked for then, by the messages' own clock.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter, deque

from simcarrier.sip.dialog import contact_uri
from simcarrier.sip.errors import Malformed
from simcarrier.sip.message import Request, Response
from simcarrier.sip.parse import parse
from simcarrier.sip.transport import Address, Channel

from .breach import Breach
from .dialog import FEW, NEED_TAG
from .digest import CREDENTIALS, note_challenge
from .doubt import Doubts
from .excerpt import excerpt
from .fields import MALFORMED
from .memory import Memory
from .registry import BY_MOMENT
from .rule import Moment, Rule
from .scene import Scene, address_of, is_sdp
from .state import MOST_TAGS, MOST_TIMES, Call, Heard, Question, Sent, Transaction
from .timing import T64

MOST_WAITING = 20_000
MOST_BYTES = 16 * 1024 * 1024
"""What waits to be looked at, at most: the first 1,000 calls of a run have some 6,000 messages of 600 bytes."""

MOST_CALLS = 3_000
"""Calls remembered at the same time, some ten kilobytes each; for one more the oldest is let go unjudged."""

LINGER = 40.0
"""Seconds after which a call that is over and silent is forgotten: longer than any of its timers, 64 T1, runs."""

KEPT = 20
"""Breaches of one rule that are kept; the others are counted. A report shows one, a test looks at a few."""

MOST_ONCE = 256
"""Responses, and requests of the carrier's, that are remembered in one call."""


class Conduct:
    """The callers' conduct.

    Args:
        calls: so many calls are looked at, the first ones; None for all.
        live: the messages are seen where they pass. Those of a capture are not: it may lack one direction, and does
            not tell when a connection is closed.
        since: what began before was not seen from its beginning, seconds.

    Attributes:
        breaches: the rules that were broken, in the order in which it was found out; at most `KEPT` of each rule.
        counts: how often each was, by its name. A rule is counted once for each call and method.
        calls: how many calls have been looked at.
        messages: how many messages.
    """

    def __init__(self, *, calls: int | None = None, live: bool = True, since: float | None = None) -> None:
        self.breaches: list[Breach] = []
        self.counts: Counter[str] = Counter()
        self.calls = 0
        self.messages = 0
        self._limit = calls
        self._live = live
        self._whole = live
        self._since = since
        self._waiting: deque[tuple[str, bytes, Channel, Address, float]] = deque()
        self._bytes = 0
        self._calls: dict[str, Call] = {}
        self._doubts = Doubts()
        self._memory = Memory()
        self._due: list[tuple[float, int, Moment | None, Call, Transaction | Question | None]] = []
        self._serial = itertools.count()

    def observe(self, way: str, data: bytes, channel: Channel, peer: Address, now: float) -> None:
        """A message has passed; takes what `simcarrier.service.CarrierService.watch` tells."""
        self._waiting.append((way, data, channel, peer, now))
        self._bytes += len(data)
        if self._bytes > MOST_BYTES or len(self._waiting) > MOST_WAITING:
            self.work(2)

    def work(self, most: int | None = None) -> int:
        """Look at messages that wait, all of them or so many; returns how many still wait."""
        waiting = self._waiting
        for _ in range(len(waiting) if most is None else min(most, len(waiting))):
            way, data, channel, peer, at = waiting.popleft()
            self._bytes -= len(data)
            self._look(way, data, channel, peer, at)
        return len(waiting)

    def finish(self, now: float) -> None:
        """Look at all that waits, and judge what can be judged though it has not run its full time."""
        self.work()
        self._fire(now)
        due, self._due = self._due, []
        for _, _, moment, call, subject in sorted(due, key=lambda one: one[:2]):
            if moment is not None:
                self._look_back(moment, call, subject, now)

    @property
    def full(self) -> bool:
        """As many calls as were asked for have been seen."""
        return self._limit is not None and self.calls >= self._limit

    def follows(self, call_id: str) -> bool:
        """Whether a call is looked at and goes on."""
        call = self._calls.get(call_id)
        return call is not None and call.up

    # One message

    def _look(self, way: str, data: bytes, channel: Channel, peer: Address, at: float) -> None:
        if not data.strip(b"\r\n\0"):
            return  # a keep-alive
        self._fire(at)
        try:
            message = parse(data)
        except Malformed as fault:
            if way == "in" and b"SIP/2.0" in data.lstrip(b"\r\n").partition(b"\n")[0]:
                self._found(MALFORMED, f"not to be read: {fault.why}", data, Call("", at, peer[0]), peer, at, "?")
            return
        self.messages += 1
        heard = Heard(message, channel, peer, at)
        if way == "in":
            self._memory.note_heard(peer[0], at)
            if isinstance(message, Request):
                self._requested(heard, message)
            else:
                self._responded(heard, message)
        else:
            self._whole = True  # this direction is there
            try:
                if isinstance(message, Request):
                    self._asked(heard, message)
                else:
                    self._sent(heard, message)
            except Malformed:
                return  # a scenario may let its carrier say what nobody can read

    def _call_of(self, heard: Heard, request: Request) -> Call | None:
        call_id = request.call_id
        call = self._calls.get(call_id)
        if call is None:
            if self.full:
                return None
            call = Call(call_id, heard.at, heard.peer[0])
            call.partial = bool(request.to_tag) or request.method in (*NEED_TAG, "CANCEL")
            call.partial = call.partial or (self._since is not None and heard.at < self._since)
            if not call_id:
                return call  # nothing can be matched to it
            if len(self._calls) >= MOST_CALLS:
                oldest = next(iter(self._calls))
                self._calls.pop(oldest).partial = True
            self._calls[call_id] = call
            self._at(heard.at + LINGER, None, call, None)
        if request.method == "INVITE" and not call.counted:
            call.counted = True
            self.calls += 1
        call.last = heard.at
        return call

    def _requested(self, heard: Heard, request: Request) -> None:
        call = self._call_of(heard, request)
        if call is None:
            return
        if request.from_tag and request.from_tag in call.tags:
            return  # not the caller's: a capture has the other side of a proxy too
        scene = self._scene(heard, call, heard.at)
        scene.direct = not request.has_several("via")
        try:
            key = request.via.key
            number, method = request.cseq
            sound = method == request.method and bool(request.call_id)
            _ = request.body
        except Malformed:
            sound, key, number = False, "", 0
        if not sound:
            self._ask(Moment.FORM, scene)
        elif request.method == "ACK":
            self._acknowledged(scene, key)
        else:
            known = call.transactions.get((key, request.method))
            if known is not None and known.number == number:
                known.copies += 1
                if len(known.times) < MOST_TIMES:
                    known.times.append(heard.at)
                scene.transaction = known
                self._ask(Moment.REPEATED, scene)
            else:
                self._begun(scene, Transaction(heard, request, number, key, direct=scene.direct))

    def _begun(self, scene: Scene, transaction: Transaction) -> None:
        """A request that is no ACK, for the first time."""
        request, call = scene.request, scene.call
        transaction.route = request.values("route")
        if is_sdp(request):
            transaction.body = request.body
        self._ask(Moment.FORM, scene)
        if request.method == "CANCEL":
            scene.transaction = invite = call.transactions.get((transaction.key, "INVITE"))
            self._ask(Moment.CANCEL, scene)
            call.cancels.add(transaction.key)
            if invite is not None and invite.given_up is None:
                invite.given_up = scene.now
            call.add(transaction)
            return
        scene.transaction = transaction
        self._ask(Moment.REQUEST, scene)
        if any(request.get(name) is not None for name in CREDENTIALS):
            self._ask(Moment.CREDENTIALS, scene)  # not of ACK and CANCEL, which repeat what the INVITE had
        call.add(transaction)
        if request.to_tag or request.method in NEED_TAG:
            self._within(scene, transaction)

    def _within(self, scene: Scene, transaction: Transaction) -> None:
        request, call = scene.request, scene.call
        scene.dialog = dialog = call.dialogs.get(request.to_tag)
        self._ask(Moment.WITHIN, scene)
        if request.method == "PRACK":
            rack = (request.get("rack") or "").split()
            for invite in call.invites():
                if len(rack) == 3 and rack[1] == str(invite.number):
                    invite.pracked.add(rack[0])
                    invite.given_up = scene.now if invite.given_up is None else invite.given_up
        if dialog is None:
            return
        if len(dialog.numbers) < MOST_ONCE:
            dialog.numbers.setdefault(transaction.number, (request.method, transaction.key))
        if transaction.reliable and (dialog.highest is None or transaction.number > dialog.highest[0]):
            dialog.highest = transaction.number, scene.heard.channel
        if request.method == "BYE":
            dialog.over = True

    def _acknowledged(self, scene: Scene, key: str) -> None:
        call, number, request = scene.call, scene.number, scene.request
        invite = call.transactions.get((key, "INVITE"))
        meant = [one for one in call.invites() if one.number == number]
        if invite is None or invite.acked is None:
            self._ask(Moment.FORM, scene)
            if is_sdp(request):
                self._ask(Moment.REQUEST, scene)
        scene.transaction = invite
        self._ask(Moment.ACK, scene)
        if invite is not None and invite.final is None:
            return  # overtaken by nothing that was seen: it says nothing
        for one in {id(one): one for one in (*meant, *([invite] if invite is not None else []))}.values():
            if one.acked is None:
                one.acked = scene.now
        if any(one.answered for one in meant):
            scene.transaction = None
            scene.dialog = dialog = call.dialogs.get(request.to_tag)
            self._ask(Moment.WITHIN, scene)
            if dialog is not None and is_sdp(request):
                dialog.description = request.body

    def _sent(self, heard: Heard, response: Response) -> None:
        """A response of the carrier's."""
        call = self._calls.get(response.call_id)
        if call is None:
            return
        transaction = call.transactions.get((response.via.key, response.cseq[1]))
        if transaction is None:
            return
        call.last = heard.at
        status, tag = response.status, response.to_tag
        first, first_final = not transaction.sent, transaction.final is None and status >= 200
        reliable = status < 200 and "100rel" in response.tokens("require")
        rseq = (response.get("rseq") or "") if reliable else ""
        if len(transaction.sent) < MOST_ONCE:
            body = response.body if is_sdp(response) else b""
            transaction.sent.append(Sent(status, heard.at, tag, rseq, body))
        if tag and tag not in call.tags:
            if len(call.tags) >= MOST_TAGS:
                call.partial = True
            else:
                call.tags.add(tag)
        invited = transaction.method == "INVITE"
        if tag and 100 < status < 300 and (invited or transaction.method == "UPDATE"):
            call.dialog_made(transaction, response)
        if status in (401, 407) and first_final:
            note_challenge(response, transaction, call, self._memory)
        if invited and first and status < 200:
            self._at(heard.at + FEW, Moment.SETTLED, call, transaction)
        if rseq and sum(sent.rseq != "" for sent in transaction.sent) == 1:
            self._at(heard.at + T64, Moment.UNPRACKED, call, transaction)
        if first_final:
            self._at(heard.at + FEW, Moment.ENDED, call, transaction)
            if invited:
                self._at(heard.at + T64, Moment.UNACKNOWLEDGED, call, transaction)

    def _asked(self, heard: Heard, request: Request) -> None:
        """A request of the carrier's."""
        call = self._calls.get(request.call_id)
        if call is None or request.method == "ACK":
            return
        call.last = heard.at
        key = request.via.branch, request.method
        question = call.questions.get(key)
        if question is not None:
            if len(question.times) < MOST_TIMES:
                question.times.append(heard.at)
            return
        if len(call.questions) >= MOST_ONCE:
            del call.questions[next(iter(call.questions))]
        call.questions[key] = question = Question(request, heard.channel, [heard.at])
        self._at(heard.at + T64, Moment.UNANSWERED, call, question)
        dialog = call.dialogs.get(request.from_tag)
        if dialog is not None:
            dialog.over = dialog.over or request.method == "BYE"
            target = contact_uri(request)
            if target and len(dialog.targets) < MOST_TAGS:
                dialog.targets.add(target)

    def _responded(self, heard: Heard, response: Response) -> None:
        """A response of the caller's."""
        call = self._calls.get(response.call_id)
        if call is None:
            return
        try:
            question = call.questions.get((response.via.branch, response.cseq[1]))
            body = response.body if is_sdp(response) else b""
        except Malformed:
            return
        if question is None:
            return
        call.last = heard.at
        scene = self._scene(heard, call, heard.at)
        scene.question = question
        self._ask(Moment.ANSWER, scene)
        if response.status >= 200 and question.answered is None:
            question.answered = heard.at
        dialog = call.dialogs.get(response.from_tag)
        if dialog is not None and body:
            dialog.description = body

    # What is due

    def _at(self, when: float, moment: Moment | None, call: Call, subject: Transaction | Question | None) -> None:
        """Look back at something then; without a moment, look whether the call can be forgotten."""
        heapq.heappush(self._due, (when, next(self._serial), moment, call, subject))

    def _fire(self, now: float) -> None:
        due = self._due
        while due and due[0][0] <= now:
            when, _, moment, call, subject = heapq.heappop(due)
            if moment is not None:
                self._look_back(moment, call, subject, when)
            elif call.up or call.last > when - LINGER:
                self._at(max(call.last, when - LINGER / 2) + LINGER, None, call, None)
            elif self._calls.get(call.call_id) is call:
                del self._calls[call.call_id]

    def _look_back(self, moment: Moment, call: Call, subject: Transaction | Question | None, now: float) -> None:
        if isinstance(subject, Transaction):
            scene = self._scene(subject.heard, call, now)
            scene.direct = subject.direct
            scene.transaction = subject
        elif isinstance(subject, Question):
            scene = self._scene(Heard(subject.request, subject.channel, (call.source, 0), now), call, now)
            scene.question = subject
        else:
            return
        self._ask(moment, scene)

    def _scene(self, heard: Heard, call: Call, now: float) -> Scene:
        return Scene(heard, call, self._doubts, self._memory, now, whole=self._whole, live=self._live)

    # What is wrong

    def _ask(self, moment: Moment, scene: Scene) -> None:
        for check in BY_MOMENT[moment]:
            try:
                wrong = check.wrong(scene)
            except Malformed:
                continue  # about a part of the message that cannot be read: `malformed` tells that
            if wrong is not None:
                message = scene.heard.message
                method = message.method if isinstance(message, Request) else message.cseq[1]
                self._found(check.rule, wrong, message.raw, scene.call, scene.heard.peer, scene.now, method)

    def _found(self, rule: Rule, said: str, raw: bytes, call: Call, peer: Address, at: float, method: str) -> None:
        if (rule.name, method) in call.told:
            return
        call.told.add((rule.name, method))
        self.counts[rule.name] += 1
        if self.counts[rule.name] <= KEPT:
            source = address_of(peer)
            self.breaches.append(Breach(rule.name, rule.section, said, call.call_id, at, source, excerpt(raw)))

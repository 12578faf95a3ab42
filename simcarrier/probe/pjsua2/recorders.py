"""What calls hear, recorded by pjproject: its recorders, and its statistics. A part of `stack`, and under its rules."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from .binding import pj
from .callbacks import Call
from .taps import LONGEST, Stretch, Tap


class Recorders:
    """Those of all calls. For the stack's thread only.

    Args:
        folder: for the recordings; None: nobody listens.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._taps: dict[int, Tap] = {}
        self._going: dict[int, tuple[Call, Any]] = {}
        self._made = 0

    def media_tells(self, call: Call, endpoint: Any) -> Any:
        """A call's media have changed. Gives what is to be put aside; None for nothing."""
        if self._folder is None or call.deaf or call.leg in self._going:
            return None
        info = call.getInfo()
        for media in info.media:
            if media.type == pj.PJMEDIA_TYPE_AUDIO and media.audioConfSlot != pj.INVALID_ID:
                return self._begin(call, media.index, endpoint, self._folder)
        return None

    def _begin(self, call: Call, stream: int, endpoint: Any, folder: Path) -> Any:
        """Record what comes, and send silence: many send nothing to somebody from whom nothing comes."""
        tap = self._taps.setdefault(call.leg, Tap())
        self._made += 1
        path = folder / f"{self._made}.wav"
        recorder = pj.AudioMediaRecorder()
        try:
            recorder.createRecorder(str(path))
            sound = call.getAudioMedia(stream)
            sound.startTransmit(recorder)
            endpoint.audDevManager().getCaptureDevMedia().startTransmit(sound)
            codec = call.getStreamInfo(stream).codecName
        except pj.Error as error:
            tap.trouble = f"not all was listened to: {error.reason}"
            return recorder
        self._going[call.leg] = call, recorder
        tap.begin(Stretch(path, stream, codec, time.monotonic()))
        return None

    def stream_over(self, call: Call, stream: int) -> Any:
        """A stream of a call's is about to be removed. Gives what is to be put aside; None for nothing."""
        tap = self._taps.get(call.leg)
        if tap is None or tap.going is None or tap.going.stream != stream:
            return None
        return self._end(call.leg)

    def end(self, call: Call) -> Any:
        """A call is listened to no more. Gives what is to be put aside by callbacks; None for nothing."""
        call.deaf = True
        return self._end(call.leg)

    def look(self, now: float) -> None:
        """See what has come. Not for callbacks."""
        for leg, (call, _) in list(self._going.items()):
            tap = self._taps[leg]
            if tap.going is not None and tap.due(now):
                _count(call, tap.going)
                if now - tap.going.began > LONGEST:
                    self.end(call)

    def take(self, leg: int) -> Tap:
        """What a call has heard that is listened to no more."""
        return self._taps.pop(leg, Tap())

    def clear(self) -> None:
        """End all."""
        self._going.clear()

    def _end(self, leg: int) -> Any:
        going = self._going.pop(leg, None)
        if going is not None:
            call, _ = going
            tap = self._taps[leg]
            if tap.going is not None:
                _count(call, tap.going)
                tap.going = None
        return going


def _count(call: Call, stretch: Stretch) -> None:
    try:
        all_of_it = call.getStreamStat(stretch.stream)
    except pj.Error:
        return  # the stream has gone
    seen = all_of_it.rtcp.rxStat
    jitter = seen.jitterUsec.max / 1e6 if seen.jitterUsec.n else None
    stretch.counted(seen.pkt, seen.loss, jitter, time.monotonic())

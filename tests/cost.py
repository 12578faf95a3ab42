"""What something costs the processor, whatever else the machine does meanwhile."""

from __future__ import annotations

import gc
import time
from typing import Self


class Cost:
    """Processor seconds of this thread; garbage that other tests have left is not collected meanwhile."""

    seconds = 0.0

    def __enter__(self) -> Self:
        gc.disable()
        self._began = time.thread_time()
        return self

    def __exit__(self, *error: object) -> None:
        self.seconds = time.thread_time() - self._began
        gc.enable()

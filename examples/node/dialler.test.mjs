// Tests of the dialler against a simulated carrier, by Node's own test runner:
//
//   simcarrier run scenarios/answered.yaml --listen udp:127.0.0.1:0 --control 127.0.0.1:0 \
//       --exec 'node --test --test-reporter=junit --test-reporter-destination=report.xml examples/node'
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { carrier } from "./control.mjs";
import { dial } from "./dialler.mjs";

beforeEach(() => carrier.reset());

test("a busy number is called once", async () => {
  await carrier.addRules({ name: "busy", to: "+4989*", respond: 486 });
  assert.deepEqual(await dial("+498912345678"), [486]);
  await carrier.wait({ rule: "busy", state: "ended" });
  await carrier.verify({ to: "+4989*", exactly: 1 });
});

test("a call that stalls is given up, and its line released", async () => {
  await carrier.addRules({ to: "*", steps: ["trying", "silence"] });
  assert.deepEqual(await dial("+498912345678", { patience: 200 }), [100, 487]);
  await carrier.wait({ ending: "cancelled", timeout: "5s" });
  await carrier.verify({ state: "up", exactly: 0 });
});

test("first all lines are full, then they are not", async () => {
  await carrier.force("lines_full", { to: "+4989*" });
  assert.equal((await dial("+498912345678")).at(-1), 503);
  await carrier.lift("lines_full");
  await carrier.addRules({ to: "+4989*", outcome: "answered", ring: "50ms" });
  assert.equal((await dial("+498912345678")).at(-1), 200);
  await carrier.wait({ state: "ended", at_least: 2 });
  assert.deepEqual((await carrier.calls()).map((call) => call.condition), ["lines_full", "answered"]);
});

test("a rule that is none says what is wrong", async () => {
  await assert.rejects(carrier.addRules({ to: "+49*", respnd: 403 }), /calls\[0\]\.respnd: unknown key "respnd"; did you mean "respond"/);
});

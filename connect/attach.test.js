import assert from "node:assert/strict";
import { test } from "node:test";

import { Holdfast } from "./attach.js";

test("what cannot be attached to is refused with a reason", async () => {
  class Contact {}
  await assert.rejects(Holdfast.attach({}), /needs the object connect/);
  await assert.rejects(Holdfast.attach({ sdk: {} }), /holdfast-transfer\/sdk/);
  for (const core of [{}, { getEventBus: () => undefined }]) {
    await assert.rejects(Holdfast.attach({ streams: { Contact, core } }), /initCCP/);
  }
});

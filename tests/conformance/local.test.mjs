// The official client against the local workspace's server.

import { after, before, describe } from "node:test";
import { PARTS, startLocal } from "./local.mjs";
import {
  registerAuth,
  registerInvites,
  registerMembers,
  registerMfa,
  registerPkce,
  registerRealtime,
  registerRest,
  registerRestMatrix,
  registerSharedRealtime,
  registerSharedSync,
  registerStorage,
  registerSync,
} from "./suite/index.mjs";

describe("tidings-local with the four tables alone", () => {
  let local;

  before(async () => {
    local = await startLocal(["--stub-providers", "github,google", "--stub-consent", "asked"]);
  });
  after(() => local?.stop());

  const getTarget = () => local.target;
  registerRestMatrix(getTarget);
  registerRest(getTarget);
  registerAuth(getTarget);
  registerMfa(getTarget);
  registerPkce(getTarget);
  registerStorage(getTarget);
  registerRealtime(getTarget);
});

describe("tidings-local with the optional parts", () => {
  let local;

  before(async () => {
    local = await startLocal(["--parts", PARTS.join()]);
  });
  after(() => local?.stop());

  const getTarget = () => local.target;
  registerRestMatrix(getTarget);
  registerRest(getTarget);
  registerRealtime(getTarget);
  registerSync(getTarget);
  registerMembers(getTarget);
  registerInvites(getTarget);
  registerSharedSync(getTarget);
  registerSharedRealtime(getTarget);
});

const ALONE = {
  sync: [registerSync],
  members: [registerMembers, registerInvites],
};
for (const [part, suites] of Object.entries(ALONE)) {
  describe(`tidings-local with the ${part} part alone`, () => {
    let local;

    before(async () => {
      local = await startLocal(["--parts", part]);
    });
    after(() => local?.stop());

    for (const register of suites) register(() => local.target);
  });
}

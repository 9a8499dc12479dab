// The official client against the local workspace's server.

import { after, before, describe } from "node:test";
import { startLocal } from "./local.mjs";
import {
  registerAuth,
  registerMfa,
  registerPkce,
  registerRealtime,
  registerRest,
  registerRestMatrix,
} from "./suite/index.mjs";

describe("tidings-local", () => {
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
  registerRealtime(getTarget);
});

// The official client against the local workspace's server.

import { after, before, describe } from "node:test";
import { startLocal } from "./local.mjs";
import {
  registerAuth,
  registerRealtime,
  registerRest,
  registerRestMatrix,
} from "./suite/index.mjs";

describe("tidings-local", () => {
  let local;

  before(async () => {
    local = await startLocal();
  });
  after(() => local?.stop());

  const getTarget = () => local.target;
  registerRestMatrix(getTarget);
  registerRest(getTarget);
  registerAuth(getTarget);
  registerRealtime(getTarget);
});

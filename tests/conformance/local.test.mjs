// The official client against the local workspace's server.

import { after, before, describe } from "node:test";
import { PARTS, startLocal } from "./local.mjs";
import {
  registerAuth,
  registerMfa,
  registerPkce,
  registerRealtime,
  registerRest,
  registerRestMatrix,
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
});
